# Builds a static LibreSSL in a builder container. /build/source is the source; what is put under /build/out
# becomes the target's root file system. JOBS and SOURCE_DATE_EPOCH are set. The paths are always the same, and
# kept out of the binary, so that two builds give the same bytes.
set -eu
cmake -S /build/source -B /build/work \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr/local -DOPENSSLDIR=/usr/local/etc/ssl \
    -DBUILD_SHARED_LIBS=OFF -DLIBRESSL_APPS=ON -DLIBRESSL_TESTS=OFF -DENABLE_NC=OFF \
    -DCMAKE_C_FLAGS=-ffile-prefix-map=/build/source/= -DCMAKE_EXE_LINKER_FLAGS=-static
cmake --build /build/work --target openssl --parallel "$JOBS"
strip /build/work/apps/openssl/openssl
mkdir -p /build/out/usr/local/bin /build/out/usr/local/etc/ssl/certs
cp /build/work/apps/openssl/openssl /build/out/usr/local/bin/openssl
# What `make install` would put there. A source that carries none leaves the target without a default config.
for name in openssl.cnf x509v3.cnf cert.pem; do
    if [ -f "/build/source/apps/openssl/$name" ]; then
        cp "/build/source/apps/openssl/$name" "/build/out/usr/local/etc/ssl/$name"
    fi
done
