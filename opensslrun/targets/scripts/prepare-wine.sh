# Makes an image with wine fit to run a Windows openssl.exe for any user, on a read-only root.
#
# A prefix (wine's registry and drive C:) belongs to one user and is large, so one is made here, and each container gives
# its user a prefix of its own in /tmp that has a copy of the registry and a link to the drive.
set -eu
export LC_ALL=C HOME=/tmp WINEPREFIX=/opt/wine WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
mkdir -p /opt/wine /usr/share/opensslrun /usr/local/bin
libraries=/usr/lib/x86_64-linux-gnu/wine/x86_64-windows
# Where the package's own scripts have not run.
[ -e "$libraries/zlib1.dll" ] || ln -s /usr/x86_64-w64-mingw32/lib/zlib1.dll "$libraries/zlib1.dll"
# Its status is no success, because there are no 32-bit programs; what it has made is looked at instead.
/usr/lib/wine/wine64 wineboot.exe --init || :
/usr/lib/wine/wineserver64 -w
for made in system.reg user.reg userdef.reg .update-timestamp drive_c/windows/system32/kernel32.dll; do
    [ -s "/opt/wine/$made" ] || { echo "wine made no $made" >&2; exit 1; }
done
# Wine's own libraries stand in the prefix as copies: half a gigabyte.
for copy in /opt/wine/drive_c/windows/system32/*; do
    original=$libraries/${copy##*/}
    if [ -f "$copy" ] && [ -f "$original" ] && cmp -s "$copy" "$original"; then ln -sf "$original" "$copy"; fi
done
system=/opt/wine/drive_c/windows/system32
[ -e "$system/zlib1.dll" ] || ln -s "$libraries/zlib1.dll" "$system/zlib1.dll"
chmod -R a+rX /opt/wine
rm -rf /tmp/* /tmp/.[!.]*

cat >/usr/local/bin/openssl <<'END'
#!/bin/sh
export WINEPREFIX=/tmp/.wine-prefix WINEDEBUG=-all
exec /usr/lib/wine/wine64 'C:\Program Files\OpenSSL\bin\openssl.exe' "$@"
END
chmod 755 /usr/local/bin/openssl

# What a shell in the container sources before its first command; what it starts is left alone between commands.
cat >/usr/share/opensslrun/services <<'END'
if [ ! -d /tmp/.wine-prefix/dosdevices ]; then
    mkdir -m 700 /tmp/.wine-prefix
    cp /opt/wine/*.reg /opt/wine/.update-timestamp /tmp/.wine-prefix
    ln -s /opt/wine/drive_c /tmp/.wine-prefix/drive_c
    mkdir /tmp/.wine-prefix/dosdevices
    ln -s ../drive_c /tmp/.wine-prefix/dosdevices/c:
    ln -s / /tmp/.wine-prefix/dosdevices/z:
fi
WINEPREFIX=/tmp/.wine-prefix WINEDEBUG=-all /usr/lib/wine/wineserver64 --persistent
openssl version
END
