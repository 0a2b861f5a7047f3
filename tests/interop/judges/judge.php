<?php
// The program of php.py: requests on standard input, answers on standard output.
declare(strict_types=1);

function file_url(string $path): string
{
    return "file://$path";
}

function carry_out(string $action, string $in, string $out, string ...$fields): bool
{
    switch ($action) {
        case 'cms_verify':
            return openssl_cms_verify($in, 0, null, [$fields[0]], null, $out, null, null, OPENSSL_ENCODING_SMIME);
        case 'cms_decrypt':
            return openssl_cms_decrypt($in, $out, file_url($fields[0]), file_url($fields[1]), OPENSSL_ENCODING_SMIME);
        case 'cms_sign':
            $flags = OPENSSL_CMS_BINARY | ($fields[2] === 'detached' ? OPENSSL_CMS_DETACHED : 0);
            [$certificate, $key] = [file_url($fields[0]), file_url($fields[1])];
            return openssl_cms_sign($in, $out, $certificate, $key, null, $flags, OPENSSL_ENCODING_DER);
        case 'cms_encrypt':
            $encoding = OPENSSL_ENCODING_SMIME;
            $cipher = constant($fields[1]);
            return openssl_cms_encrypt($in, $out, file_url($fields[0]), null, OPENSSL_CMS_BINARY, $encoding, $cipher);
        case 'pkcs7_verify':
            // It writes nothing without a file for the signers' certificates.
            return openssl_pkcs7_verify($in, 0, "$out.pem", [$fields[0]], $fields[0], $out) === true;
        case 'pkcs7_decrypt':
            return openssl_pkcs7_decrypt($in, $out, file_url($fields[0]), file_url($fields[1]));
        case 'pkcs7_sign':
            $flags = PKCS7_BINARY | ($fields[2] === 'detached' ? PKCS7_DETACHED : 0);
            return openssl_pkcs7_sign($in, $out, file_url($fields[0]), file_url($fields[1]), null, $flags);
        case 'pkcs7_encrypt':
            return openssl_pkcs7_encrypt($in, $out, file_url($fields[0]), null, PKCS7_BINARY, constant($fields[1]));
    }
    throw new ValueError("unknown action $action");
}

while (($line = fgets(STDIN)) !== false) {
    $ok = carry_out(...explode("\t", rtrim($line, "\n")));
    $said = [];
    while (($error = openssl_error_string()) !== false) {
        $said[] = $error;
    }
    echo $ok ? 'ok' : 'no', "\t", strtr(implode('; ', $said), "\t\n", '  '), "\n";
}
