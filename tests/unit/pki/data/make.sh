#!/bin/sh
# Makes every key file of this directory anew, each with a key that is used nowhere else; the passphrase is "fixture-secret".
# The files that are committed were written by OpenSSL 3.0.19, OpenSSH 9.2p1, PuTTY 0.78 and Node.js 20.20.2
# (Debian: openssl, openssh-client, putty-tools, nodejs).
set -eu
cd "$(dirname "$0")"
secret=fixture-secret
rm -f -- *.pem *.openssh *.pub *.rfc4716 *.ppk *.jwk
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf %s "$secret" > "$work/secret"

openssl genrsa -traditional -out "$work/rsa" 2048
openssl ecparam -name prime256v1 -genkey -noout -out "$work/p256"
openssl ecparam -name secp384r1 -genkey -noout -out "$work/p384"
openssl ecparam -name secp521r1 -genkey -noout -out "$work/p521"
ssh-keygen -q -t ed25519 -N '' -C 'ed25519 key' -f "$work/ed25519"
ssh-keygen -q -t dsa -N '' -C 'dsa key' -f "$work/dsa"
chmod 600 "$work"/*

# PEM: the traditional encryption with each of its usual ciphers, PKCS#8 with old and new schemes.
for cipher in des des3 aes128 aes192 aes256 camellia256; do
    openssl rsa -in "$work/rsa" -traditional "-$cipher" -passout "pass:$secret" \
        -provider legacy -provider default -out "traditional-$cipher.pem"
done
for scheme in PBE-MD5-DES PBE-MD5-RC2-64 PBE-SHA1-DES PBE-SHA1-RC2-64 PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC2-40 PBE-SHA1-RC2-128; do
    openssl pkcs8 -topk8 -in "$work/rsa" -v1 "$scheme" -passout "pass:$secret" \
        -provider legacy -provider default -out "pkcs8-$scheme.pem"
done
openssl pkcs8 -topk8 -in "$work/rsa" -v2 aes-256-cbc -passout "pass:$secret" -out pkcs8-aes256.pem
openssl pkcs8 -topk8 -in "$work/rsa" -v2 camellia-256-cbc -passout "pass:$secret" -out pkcs8-camellia256.pem
openssl pkcs8 -topk8 -in "$work/rsa" -scrypt -passout "pass:$secret" -out pkcs8-scrypt.pem
openssl ec -in "$work/p256" -aes256 -passout "pass:$secret" -out sec1-aes256.pem

# OpenSSH: private keys with few rounds of bcrypt, public keys in both notations.
for kind in rsa p256 ed25519; do
    cp "$work/$kind" "$work/copy"
    ssh-keygen -q -p -P '' -N '' -f "$work/copy" > "$work/log"
    cp "$work/copy" "$kind.openssh"
    ssh-keygen -y -f "$work/copy" > "$kind.pub"
    ssh-keygen -e -f "$kind.pub" > "$kind.rfc4716"
done
cp "$work/ed25519" "$work/copy"
ssh-keygen -q -p -P '' -N "$secret" -a 2 -f "$work/copy" > "$work/log"
cp "$work/copy" ed25519-secret.openssh

# PuTTY: both versions, open and encrypted, each flavour of Argon2 with little work.
light=memory=256,passes=2
for kind in rsa p256 ed25519; do
    for version in 2 3; do
        puttygen "$work/$kind" -O private -C "$kind key" --ppk-param "version=$version" -o "$kind-v$version.ppk"
        puttygen "$work/$kind" -O private -C "$kind key" --ppk-param "version=$version,$light" \
            --new-passphrase "$work/secret" -o "$kind-v$version-secret.ppk"
    done
done
for kind in p384 p521 dsa; do
    puttygen "$work/$kind" -O private -C "$kind key" --ppk-param version=3 -o "$kind-v3.ppk"
done
for flavour in argon2i argon2d; do
    puttygen "$work/ed25519" -O private -C "ed25519 key" --ppk-param "version=3,kdf=$flavour,$light" \
        --new-passphrase "$work/secret" -o "ed25519-v3-$flavour.ppk"
done

# JSON Web Keys, as Node.js writes them.
openssl genpkey -algorithm ed25519 -out "$work/ed25519.pkcs8"
for kind in rsa p256 p384 p521 ed25519.pkcs8; do
    node -e 'const key = require("crypto").createPrivateKey(require("fs").readFileSync(process.argv[1]));
        console.log(JSON.stringify(key.export({ format: "jwk" })))' "$work/$kind" > "${kind%.pkcs8}.jwk"
done
chmod 644 -- *.openssh *.ppk *.pem *.jwk
