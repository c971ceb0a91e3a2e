# Builds a static OpenSSL in a builder container. /build/source is the source; what is put under /build/out
# becomes the target's root file system. JOBS and SOURCE_DATE_EPOCH are set. The paths are always the same, so
# that two builds give the same bytes.
set -eu
cd /build/source
./config no-shared no-tests -static --prefix=/usr/local --openssldir=/usr/local/ssl
make -j "$JOBS" build_generated
make -j "$JOBS" build_programs
strip apps/openssl
mkdir -p /build/out/usr/local/bin /build/out/usr/local/ssl/certs /build/out/usr/local/ssl/private
cp apps/openssl /build/out/usr/local/bin/openssl
# What `make install_ssldirs` would put there. A source that carries none leaves the target without a default config.
for name in openssl.cnf ct_log_list.cnf; do
    if [ -f "apps/$name" ]; then cp "apps/$name" "/build/out/usr/local/ssl/$name"; fi
done
