import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.mail.Session;
import javax.mail.internet.MimeMessage;
import javax.mail.internet.MimeMultipart;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAESOAEPparams;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientId;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.mail.smime.SMIMEEnveloped;
import org.bouncycastle.mail.smime.SMIMESigned;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Selector;

/** The program of bouncy_castle.py: requests on standard input, answers on standard output. */
public class Judge {
    private static final String BC = "BC";
    private static final Map<String, ASN1ObjectIdentifier> CIPHERS =
            Map.ofEntries(
                    Map.entry("AESCBC128", CMSAlgorithm.AES128_CBC),
                    Map.entry("AESCBC192", CMSAlgorithm.AES192_CBC),
                    Map.entry("AESCBC256", CMSAlgorithm.AES256_CBC),
                    Map.entry("3DES", CMSAlgorithm.DES_EDE3_CBC),
                    Map.entry("DES", CMSAlgorithm.DES_CBC),
                    Map.entry("RC2CBC40", CMSAlgorithm.RC2_CBC),
                    Map.entry("RC2CBC64", CMSAlgorithm.RC2_CBC),
                    Map.entry("RC2CBC128", CMSAlgorithm.RC2_CBC),
                    Map.entry("AESGCM128", CMSAlgorithm.AES128_GCM),
                    Map.entry("AESGCM192", CMSAlgorithm.AES192_GCM),
                    Map.entry("AESGCM256", CMSAlgorithm.AES256_GCM));
    private static final Map<String, ASN1ObjectIdentifier> WRAPS =
            Map.of("128", CMSAlgorithm.AES128_WRAP, "192", CMSAlgorithm.AES192_WRAP, "256", CMSAlgorithm.AES256_WRAP);

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String[] fields = line.split("\t");
            try {
                Files.write(Path.of(fields[2]), carryOut(fields));
                answers.println("ok\t");
            } catch (Exception | LinkageError problem) {
                answers.println("no\t" + String.valueOf(problem).replaceAll("\\s", " "));
            }
        }
    }

    private static byte[] carryOut(String[] fields) throws Exception {
        switch (fields[0]) {
            case "verify":
                return verify(message(fields[1]), certificate(fields[3]));
            case "decrypt":
                return decrypt(message(fields[1]), certificate(fields[3]), privateKey(fields[4]));
            case "sign":
                boolean opaque = fields[6].equals("opaque");
                return sign(content(fields[1]), certificate(fields[3]), privateKey(fields[4]), fields[5], opaque);
            case "encrypt":
                return encrypt(content(fields[1]), certificate(fields[3]), fields[4], fields[5]);
            default:
                throw new IllegalArgumentException("unknown action " + fields[0]);
        }
    }

    private static byte[] verify(MimeMessage message, X509Certificate authority) throws Exception {
        boolean detached = message.isMimeType("multipart/signed");
        SMIMESigned signed =
                detached ? new SMIMESigned((MimeMultipart) message.getContent()) : new SMIMESigned(message);
        if (signed.getSignerInfos().size() == 0) {
            throw new SecurityException("nobody has signed");
        }
        for (SignerInformation signer : signed.getSignerInfos()) {
            @SuppressWarnings("unchecked")
            Selector<X509CertificateHolder> wanted = signer.getSID();
            X509CertificateHolder holder = signed.getCertificates().getMatches(wanted).iterator().next();
            X509Certificate certificate =
                    (X509Certificate)
                            CertificateFactory.getInstance("X.509", BC)
                                    .generateCertificate(new java.io.ByteArrayInputStream(holder.getEncoded()));
            certificate.checkValidity();
            certificate.verify(authority.getPublicKey(), BC);
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(certificate))) {
                throw new SecurityException("the signature is not good");
            }
        }
        java.io.ByteArrayOutputStream content = new java.io.ByteArrayOutputStream();
        signed.getSignedContent().write(content);
        return content.toByteArray();
    }

    private static byte[] decrypt(MimeMessage message, X509Certificate certificate, PrivateKey key) throws Exception {
        boolean transport = certificate.getPublicKey().getAlgorithm().equals("RSA");
        boolean authenticated = message.getContentType().contains("authEnveloped");
        RecipientInformationStore recipients =
                authenticated
                        ? new CMSAuthEnvelopedData(message.getInputStream()).getRecipientInfos()
                        : new SMIMEEnveloped(message).getRecipientInfos();
        RecipientId wanted =
                transport ? new JceKeyTransRecipientId(certificate) : new JceKeyAgreeRecipientId(certificate);
        RecipientInformation recipient = recipients.get(wanted);
        if (recipient == null) {
            throw new SecurityException("it is not for this recipient");
        }
        Recipient reader;
        if (!transport) {
            reader = new JceKeyAgreeEnvelopedRecipient(key).setProvider(BC);
        } else if (authenticated) {
            reader = new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC);
        } else {
            reader = new JceKeyTransEnvelopedRecipient(key).setProvider(BC);
        }
        return recipient.getContent(reader);
    }

    private static byte[] sign(
            CMSProcessableByteArray content, X509Certificate certificate, PrivateKey key, String algorithm, boolean opaque)
            throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
                new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider(BC).build())
                        .build(new JcaContentSignerBuilder(algorithm).setProvider(BC).build(key), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(content, opaque).getEncoded("DER");
    }

    private static byte[] encrypt(CMSProcessableByteArray content, X509Certificate certificate, String cipher, String oaep)
            throws Exception {
        OutputEncryptor encryptor = encryptor(cipher);
        if (encryptor instanceof OutputAEADEncryptor) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            addRecipient(generator, certificate, cipher, oaep);
            return generator.generate(content, (OutputAEADEncryptor) encryptor).getEncoded();
        }
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        addRecipient(generator, certificate, cipher, oaep);
        return generator.generate(content, encryptor).getEncoded();
    }

    private static OutputEncryptor encryptor(String cipher) throws Exception {
        ASN1ObjectIdentifier oid = CIPHERS.get(cipher);
        JceCMSContentEncryptorBuilder builder =
                cipher.startsWith("RC2CBC")
                        ? new JceCMSContentEncryptorBuilder(oid, Integer.parseInt(cipher.substring(6)))
                        : new JceCMSContentEncryptorBuilder(oid);
        return builder.setProvider(BC).build();
    }

    private static void addRecipient(
            CMSEnvelopedGenerator generator, X509Certificate certificate, String cipher, String oaep) throws Exception {
        PublicKey key = certificate.getPublicKey();
        if (key.getAlgorithm().equals("RSA")) {
            JceKeyTransRecipientInfoGenerator transport =
                    oaep.equals("v1.5")
                            ? new JceKeyTransRecipientInfoGenerator(certificate)
                            : new JceKeyTransRecipientInfoGenerator(certificate, oaep(oaep));
            generator.addRecipientInfoGenerator(transport.setProvider(BC));
            return;
        }
        KeyPairGenerator ephemeral = KeyPairGenerator.getInstance(key.getAlgorithm(), BC);
        if (key instanceof ECPublicKey) {
            ephemeral.initialize(((ECPublicKey) key).getParams());
        }
        KeyPair pair = ephemeral.generateKeyPair();
        ASN1ObjectIdentifier wrap = WRAPS.getOrDefault(cipher.replaceAll(".*(?=...$)", ""), CMSAlgorithm.AES128_WRAP);
        JceKeyAgreeRecipientInfoGenerator agreement =
                new JceKeyAgreeRecipientInfoGenerator(
                        CMSAlgorithm.ECDH_SHA256KDF, pair.getPrivate(), pair.getPublic(), wrap);
        generator.addRecipientInfoGenerator(agreement.addRecipient(certificate).setProvider(BC));
    }

    private static AlgorithmIdentifier oaep(String digest) {
        String name = digest.startsWith("SHA3") ? digest : digest.replaceFirst("SHA", "SHA-");
        AlgorithmIdentifier hash = new DefaultDigestAlgorithmIdentifierFinder().find(name);
        AlgorithmIdentifier mask = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_mgf1, hash);
        RSAESOAEPparams parameters = new RSAESOAEPparams(hash, mask, RSAESOAEPparams.DEFAULT_P_SOURCE_ALGORITHM);
        return new AlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters);
    }

    private static MimeMessage message(String path) throws Exception {
        return new MimeMessage(Session.getInstance(new Properties()), Files.newInputStream(Path.of(path)));
    }

    private static CMSProcessableByteArray content(String path) throws Exception {
        return new CMSProcessableByteArray(Files.readAllBytes(Path.of(path)));
    }

    private static X509Certificate certificate(String path) throws Exception {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509", BC).generateCertificate(Files.newInputStream(Path.of(path)));
    }

    private static PrivateKey privateKey(String path) throws Exception {
        try (PEMParser parser = new PEMParser(Files.newBufferedReader(Path.of(path)))) {
            return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
    }
}
