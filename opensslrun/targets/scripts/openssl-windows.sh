# Cross-builds a static Windows OpenSSL with mingw-w64 in a builder container. /build/source is the source; what is put
# under /build/out is laid on an image with wine, whose drive C: is /opt/wine/drive_c. JOBS and SOURCE_DATE_EPOCH are
# set. The paths are always the same, and the linker leaves the time out, so that two builds give the same bytes.
set -eu
# The names that Debian's packages give by update-alternatives.
for tool in /usr/bin/x86_64-w64-mingw32-*-win32; do ln -sf "$tool" "${tool%-win32}"; done
cd /build/source
# Providers are part of the program, as they are on Linux (1.1.1 has none).
module=; [ ! -d providers ] || module=no-module
# SIO_UDP_NETRESET is _WSAIOW(IOC_VENDOR, 15), which the headers of mingw-w64 12 lack and QUIC asks for.
CPPFLAGS=-DSIO_UDP_NETRESET=0x9800000FU LDFLAGS=-Wl,--no-insert-timestamp ./Configure mingw64 --cross-compile-prefix=x86_64-w64-mingw32- \
    no-shared no-tests $module
make -j "$JOBS" build_generated
make -j "$JOBS" build_programs
x86_64-w64-mingw32-strip apps/openssl.exe
drive=/build/out/opt/wine/drive_c
mkdir -p "$drive/Program Files/OpenSSL/bin" "$drive/Program Files/Common Files/SSL/certs" \
    "$drive/Program Files/Common Files/SSL/private"
cp apps/openssl.exe "$drive/Program Files/OpenSSL/bin/openssl.exe"
# What `make install_ssldirs` would put there. A source that carries none leaves the target without a default config.
for name in openssl.cnf ct_log_list.cnf; do
    if [ -f "apps/$name" ]; then cp "apps/$name" "$drive/Program Files/Common Files/SSL/$name"; fi
done
