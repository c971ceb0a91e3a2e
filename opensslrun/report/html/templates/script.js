// Without this script the page shows everything; it adds filters, search, keys, copying, and a fragment for each state:
// #WHERE?q=…&c=…&t=…&s=…&v=…&from=…&to=… , where WHERE is a section, a difference, a case, or CASE@TARGET.
"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);
  const grid = one(".grid.main");
  const filter = one("#filter");
  const choose = one(".choose");
  const rows = all(".main tbody tr[id]");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [sheet];
  let opener = null;

  // The state is read from the fragment and written to it; nothing else remembers anything.
  const read = () => {
    const [where, ...rest] = decode(location.hash.slice(1)).split("?");
    return { where, asked: new URLSearchParams(rest.join("?")) };
  };
  const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  const fragment = (where, asked) => {
    const text = [...asked].map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`).join("&");
    return `#${where}${text ? `?${text}` : ""}`;
  };
  const asked = () => {
    const found = new URLSearchParams();
    if (filter) {
      for (const name of ["q", "c"]) if (filter.elements[name].value.trim()) found.set(name, filter.elements[name].value.trim());
      for (const name of ["t", "s", "v"]) {
        const on = all(`input[name=${name}]:checked`, filter).map((box) => box.value);
        if (on.length) found.set(name, on.join(","));
      }
    }
    if (choose && all("option", choose).some((option) => option.selected !== option.defaultSelected)) {
      for (const name of ["from", "to"]) found.set(name, choose.elements[name].value);
    }
    return found;
  };
  const write = (section) => {
    const { where } = read();
    const now = asked();
    history.replaceState(null, "", fragment(where || ([...now].length ? section : ""), now) );
  };

  // What a cell or a case opens. A fragment with filters in it is no element's id, so the panel is opened by classes.
  const panel = () => one(".case.open");
  const open = (where) => {
    for (const old of all(".case.open")) {
      old.className = "case";
      for (const chip of all(".now", old)) chip.classList.remove("now");
    }
    const found = where && document.getElementById(where);
    const box = found && found.closest(".case");
    if (!box) return null;
    box.classList.add("open");
    for (const chip of all(".cells a", box)) chip.href = fragment(chip.id, asked());
    if (found !== box) {
      const [, letter, number] = found.className.match(/\b([tg])(\d+)/);
      box.classList.add("one", `${letter === "t" ? "o" : "q"}${number}`);
      found.classList.add("now");
    }
    return box;
  };
  const follow = () => {
    const { where, asked: wanted } = read();
    fill(wanted);
    apply();
    const box = open(where);
    if (box) {
      one("h3", box).focus({ preventScroll: true });
      box.scrollTop = 0;
    } else if (where && location.hash.includes("?")) {
      document.getElementById(where)?.scrollIntoView();
    }
  };
  const close = () => {
    const box = panel();
    if (!box) return;
    const row = one(".close", box).getAttribute("href").slice(1);
    const cell = opener && document.contains(opener) ? opener : one("a,summary", document.getElementById(row));
    const kept = [scrollY, one(".tall").scrollTop, one(".tall").scrollLeft];
    location.hash = fragment(row, asked());
    open(null);
    const back = () => {
      scrollTo({ top: kept[0], behavior: "instant" });
      one(".tall").scrollTo({ top: kept[1], left: kept[2], behavior: "instant" });
      cell.focus({ preventScroll: true });
    };
    addEventListener("hashchange", back, { once: true });
    back();
  };

  // Filters: the grid's columns and rows, and the differences.
  const fill = (wanted) => {
    if (filter) {
      for (const name of ["q", "c"]) filter.elements[name].value = wanted.get(name) || "";
      for (const name of ["t", "s", "v"]) {
        const on = (wanted.get(name) || "").split(",");
        for (const box of all(`input[name=${name}]`, filter)) box.checked = on.includes(box.value);
      }
    }
    if (choose) {
      for (const name of ["from", "to"]) {
        const list = choose.elements[name];
        const initial = all("option", list).find((option) => option.defaultSelected);
        list.value = wanted.get(name) || initial.value;
        if (list.selectedIndex < 0) list.value = initial.value;
      }
    }
  };
  const glob = (text) => {
    const body = text.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
    return new RegExp(/[*?]/.test(text) ? `^${body}$` : body, "i");
  };
  const texts = new Map();
  const textOf = (node) => {
    if (!texts.has(node)) {
      const box = node.matches("tr") && document.getElementById(node.id.replace(/^r-/, "case-"));
      const runs = box ? all(".run", box).map((run) => run.textContent) : [];
      texts.set(node, [node.matches("tr") ? one("th", node).textContent : node.textContent, ...runs].join("\n").toLowerCase());
    }
    return texts.get(node);
  };
  const apply = () => {
    if (!filter) return;
    const wanted = asked();
    const words = (wanted.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const says = (node) => words.every((word) => textOf(node).includes(word));
    const boxes = all("input[name=t]", filter);
    const columns = new Set((wanted.has("t") ? boxes.filter((box) => box.checked) : boxes).map((box) => Number(box.dataset.n)));
    const looks = new Set(all("input[name=s]:checked,input[name=v]:checked", filter).map((box) => box.value));
    const name = wanted.has("c") ? glob(wanted.get("c")) : null;
    sheet.replaceSync(boxes.filter((box) => !columns.has(Number(box.dataset.n)))
      .map((box) => `.main tr:not(.head,.families)>:nth-child(${Number(box.dataset.n) + 2}){display:none}`).join(""));
    let first = 0;
    for (const family of all(".families th", grid)) {
      family.dataset.span ||= family.colSpan;
      const span = [...Array(Number(family.dataset.span)).keys()].filter((number) => columns.has(first + number)).length;
      first += Number(family.dataset.span);
      family.hidden = !span;
      family.colSpan = span || 1;
    }
    const shown = new Set();
    rows.forEach((row, number) => {
      const cells = all("td > a", row);
      const fits = (cell, place) => columns.has(place) && (!looks.size || looks.has(cell.className.split(" ")[0]));
      for (const cell of cells) cell.classList.toggle("dim", looks.size > 0 && !looks.has(cell.className.split(" ")[0]));
      row.hidden = !(cells.some(fits) && (!name || name.test(one("a", row).textContent)) && says(row));
      if (!row.hidden) shown.add(number);
    });
    for (const body of all(".main tbody")) {
      const head = one(".head", body);
      if (head) head.hidden = !all("tr[id]", body).some((row) => !row.hidden);
    }
    const severities = (wanted.get("s") || "").split(",").filter(Boolean);
    const differences = all(".difference");
    const touches = (list, test) => list.split(" ").some((each) => test(Number(each)));
    for (const each of differences) {
      each.hidden = !((!severities.length || severities.includes(each.dataset.s) || each.dataset.s === "fail")
        && touches(each.dataset.t, (column) => columns.has(column))
        && (!name || touches(each.dataset.c, (row) => name.test(one("a", rows[row]).textContent)))
        && says(each));
    }
    for (const heading of all(".severity")) {
      heading.hidden = !all(`.difference[data-s="${heading.dataset.s}"]`).some((each) => !each.hidden);
    }
    const some = [...wanted].some(([key]) => "qctsv".includes(key));
    one("#found").textContent = some
      ? `${shown.size} of ${rows.length} cases, ${differences.filter((each) => !each.hidden).length} of ${differences.length} differences`
      : "";
  };

  // One stop of the tab key for a whole table; the arrow keys go from cell to cell.
  const step = (cell, key) => {
    const place = [...cell.closest("tr").cells].indexOf(cell.parentElement);
    const visible = (node) => node && node.offsetParent;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      let next = cell.parentElement;
      do next = key === "ArrowLeft" ? next.previousElementSibling : next.nextElementSibling; while (next && !(visible(next) && one("a", next)));
      return next && one("a", next);
    }
    const seen = all("tbody tr:not(.head)", cell.closest("table")).filter((row) => !row.hidden);
    const at = seen.indexOf(cell.closest("tr"));
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: seen.length - 1, PageUp: Math.max(0, at - 15), PageDown: Math.min(seen.length - 1, at + 15) }[key];
    return to === undefined || !seen[to] ? null : one("a", seen[to].cells[place]);
  };
  for (const table of all(".grid")) {
    all("tbody td > a", table).forEach((cell, number) => { cell.tabIndex = number ? -1 : 0; });
    table.addEventListener("keydown", (event) => {
      if (!event.target.matches("tbody td > a, tbody th > a") || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = step(event.target, event.key);
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
    table.addEventListener("focusin", (event) => {
      if (!event.target.matches("td > a")) return;
      for (const cell of all("td > a[tabindex='0']", table)) cell.tabIndex = -1;
      event.target.tabIndex = 0;
    });
  }
  addEventListener("keydown", (event) => {
    const box = panel();
    if (!box) return;
    if (event.key === "Escape") close();
    if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && event.target.matches(".case h3, .cells a")) {
      const chips = all(".cells a", box);
      const at = chips.findIndex((chip) => chip.classList.contains("now"));
      const next = chips[event.key === "ArrowLeft" ? at - 1 : at + 1];
      if (next) location.hash = fragment(next.id, asked());
    }
  });

  // Links keep the filters that are on.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (event.target.matches(".copy")) copy(event.target);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (link.matches(".close")) {
      event.preventDefault();
      close();
      return;
    }
    if (link.closest(".grid")) opener = link;
    const now = asked();
    if ([...now].length && !link.getAttribute("href").includes("?")) {
      event.preventDefault();
      location.hash = fragment(link.getAttribute("href").slice(1), now);
    }
  });
  const copy = async (button) => {
    const text = button.previousElementSibling.innerText;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      document.execCommand("copy");
    }
    one("#said").textContent = "Copied";
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  if (filter) {
    filter.hidden = false;
    const changed = () => { apply(); write("grid"); };
    filter.addEventListener("input", changed);
    filter.addEventListener("reset", () => setTimeout(changed));
    filter.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("click", (event) => {
      const list = one("details", filter);
      if (list.open && !list.contains(event.target)) list.open = false;
    });
  }
  if (choose) {
    choose.addEventListener("input", () => write("versions"));
    one("#swap").hidden = false;
    one("#swap").addEventListener("click", () => {
      const { from, to } = choose.elements;
      [from.value, to.value] = [to.value, from.value];
      write("versions");
    });
  }
  for (const button of all(".copy")) button.hidden = false;
  addEventListener("hashchange", follow);
  follow();
})();
