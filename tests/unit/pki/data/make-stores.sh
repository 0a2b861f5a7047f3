#!/bin/sh
# Makes the stores of Java and of NSS in this directory anew, each with keys that are used nowhere else; the password is
# "fixture-secret", in nss.p12 "größe". The files that are committed were written by OpenJDK 17.0.15 and NSS 3.87
# (Debian: openjdk-17-jre-headless, libnss3-tools).
# rfc9579-a1.p12 is what RFC 9579 appendix A.1 prints; its password is "1234".
set -eu
cd "$(dirname "$0")"
secret=fixture-secret
rm -f -- *.jks *.jceks keytool.p12 nss.p12
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keytool() { command keytool -storepass "$secret" "$@" 2>> "$work/log"; }
# make FILE TYPE ALIAS KEY-PASSWORD
make() {
    keytool -genkeypair -keystore "$1" -storetype "$2" -alias "$3" -keypass "$4" -dname "CN=$3, O=Keytool" \
        -keyalg EC -groupname secp256r1 -validity 3650
}

make keytool.p12 PKCS12 alice "$secret"
make keytool.p12 PKCS12 bob "$secret"
keytool -genseckey -keystore keytool.p12 -alias secret -keyalg AES -keysize 128
for kind in jks jceks; do
    make "keytool.$kind" "$kind" alice "$secret"
    make "keytool.$kind" "$kind" bob "$secret"
done
make other-password.jks JKS carol another-secret
cp other-password.jks mixed-passwords.jks
make mixed-passwords.jks JKS alice "$secret"
keytool -genseckey -keystore secret-key.jceks -storetype JCEKS -alias secret -keypass "$secret" -keyalg AES -keysize 128
keytool -exportcert -keystore keytool.jks -alias alice -file "$work/alice.cer"
keytool -importcert -noprompt -keystore certificate.jks -storetype JKS -alias alice -file "$work/alice.cer"

mkdir "$work/nss"
certutil -N -d "sql:$work/nss" --empty-password
head -c 100 /dev/urandom > "$work/noise"
certutil -S -d "sql:$work/nss" -n alice -s "CN=alice,O=NSS" -x -t ,, -k ec -q nistp256 -z "$work/noise" -v 120
# BER with indefinite lengths and strings in pieces; certificates with RC2.
pk12util -o nss.p12 -n alice -d "sql:$work/nss" -W größe -C "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC"
chmod 644 nss.p12
