"""Sixty pastes with a secret in them, and sixty in which nothing may be touched."""

# ruff: noqa: E501  (a paste is as long as it is)
import base64

HEX16 = "9C04B7E2516FA83D"
HEX32 = "4e1f0b7ac95d4c2f8b36e1d07a59c3f2"
_BYTES = bytes((i * 89 + i * i * 7 + 31) % 256 for i in range(900))
INTUNE = "MIINugYJKoZIhvcNAQcCoIINqzCC" + base64.b64encode(_BYTES).decode()
PFX = "MIIJqQIBAzCCCW8GCSqGSIb3DQEHAaCCCWAE" + base64.b64encode(_BYTES[::-1]).decode()
BODY = [base64.b64encode(_BYTES[i : i + 48]).decode() for i in range(0, 480, 48)]
LM, NT = "aad3b435b51404eeaad3b435b51404ee", "32ed87bdb5fdc5e9cba88547376818d4"
# Written apart, so that no scanner of repositories takes the made-up tokens for real ones.
XOXP = "-".join(("xoxp", "2345678901", "3456789012", "4567890123456", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"))
XOXE = ".".join(("xoxe", "xoxp")) + "-1-Mi0yLTIzNDU2Nzg5MDEtQUJD"
HOOK = "/".join(("T02AB3CD4", "B05EF6GH7", "q9W8e7R6t5Y4u3I2o1P0aSdF"))
ENTRA = "xYz8Q~" + "Ab3dE6gH9j" * 3 + "kLmN"
JWT = ".".join(("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9", "eyJhdWQiOiIwMDAwMDAwMyJ9", "qK7f_Zp3xR9tLw2mVb8n"))
WORD, GOOD, SPACED = "Sonnenblume", "Herbst!2031", "lila Kuh springt hoch"
OPAQUE = "q7Rk2Vd9XbT4mZ8w"

HOSTILE: list[tuple[str, tuple[str, ...]]] = [
    # Challenges of SCEP
    (f"[INFO] Enrolling iPad-17, pw from mscep_admin page: {HEX16}, CA = corp-CA", (HEX16,)),
    (
        f"got this page:\n\nThe enrollment challenge password is:\n\n   {HEX32}   \n\nThis password can be used only once and will expire within 60 minutes.",
        (HEX32,),
    ),
    (
        f"./sscep enroll -c ca.crt -k local.key -r local.csr -u http://ndes/certsrv/mscep/mscep.dll # chal {HEX16}",
        (HEX16,),
    ),
    (
        f"crypto pki trustpoint NDES\n enrollment url http://ndes:80/certsrv/mscep/mscep.dll\n password 7 {HEX16}\n revocation-check crl",
        (HEX16,),
    ),
    (
        f"(config)# crypto pki enroll NDES\nPassword: {HEX16}\nRe-enter password: {HEX16}\n% Include the router serial number in the subject name? [yes/no]: no",
        (HEX16,),
    ),
    (f"2031-03-11T08:22:47Z jamf[311]: Requesting dynamic challenge ... response body '{HEX32}'", (HEX32,)),
    (
        f"Attributes:\n    challengePassword        :{HEX16}\n    Requested Extensions:\n        X509v3 Key Usage: critical",
        (HEX16,),
    ),
    (f"<key>Challenge</key>\n<!-- from mscep_admin -->\n<string>{WORD}</string>", (WORD,)),
    (f"openssl req -new -key k.pem -config r.cnf\n...\n[ req_attributes ]\nchallengePassword = {WORD}\n", (WORD,)),
    (f"challengePassword_default = {WORD}\nchallengePassword_min = 4", (WORD,)),
    (
        f'{{"PayloadContent":{{"Challenge":"{WORD}","Keysize":2048,"URL":"http://ndes/certsrv/mscep/mscep.dll"}}}}',
        (WORD,),
    ),
    (
        f"SCEP enrollment failed (challenge was {HEX16[:4]} {HEX16[4:8]} {HEX16[8:12]} {HEX16[12:]})",
        (HEX16[4:8] + " " + HEX16[8:12],),
    ),
    # Challenges and messages of Intune
    (f"ValidateChallenge called, challenge blob = {INTUNE} transaction a1", (INTUNE[40:90], INTUNE[-40:])),
    (f"<CertificateRequestToken>{INTUNE}</CertificateRequestToken>", (INTUNE[40:90], INTUNE[-40:])),
    (
        f"EncryptedChallenge:\n  {INTUNE[:76]}\n  {INTUNE[76:152]}\n  {INTUNE[152:200]}==",
        (INTUNE[40:70], INTUNE[90:140], INTUNE[155:195]),
    ),
    (f'"./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/x/Install/Challenge" = {INTUNE[:64]}', (INTUNE[20:60],)),
    # Wordings of four languages
    (f"Hallo zusammen, das Passwort vom Dienstkonto svc_ndes haben wir auf {GOOD} geändert, seitdem 503.", (GOOD,)),
    (f"Das Kennwort des Anwendungspools lautet jetzt: {WORD}", (WORD,)),
    (f"Zugang: svc_ndes\nKennwort: {SPACED!r}\nNDES läuft nicht", (SPACED,)),
    (f"Bonjour, le mot de passe du pool est maintenant {GOOD} et IIS répond 503", (GOOD,)),
    (f"Mot de passe du compte de service : {WORD}", (WORD,)),
    (f"phrase secrète : {WORD}", (WORD,)),
    (f"La contraseña del servicio NDES es {GOOD}, ¿por qué da 503?", (GOOD,)),
    (f"Contraseña: {WORD}", (WORD,)),
    (f"contrasena de inscripción = {WORD}", (WORD,)),
    (f"clave secreta: {WORD}\nusuario: svc_ndes", (WORD,)),
    (f"la clave del certificado es {GOOD}", (GOOD,)),
    (f"Het wachtwoord van het serviceaccount is {GOOD}, maar NDES start niet", (GOOD,)),
    (f"Wachtwoord: {WORD}", (WORD,)),
    (f"inlogwachtwoord={WORD}", (WORD,)),
    (f"toegangscode: {WORD}\ngeheim: {WORD}", (WORD,)),
    # Tokens
    (
        f"GET /crp HTTP/1.1\r\nHost: crp.contoso.com\r\nauthorization: bearer {JWT}\r\nAccept: */*",
        (JWT[10:40], JWT[-20:]),
    ),
    (f"SLACK_USER_TOKEN is {XOXP}", (XOXP[10:30], XOXP[-16:])),
    (f"rotating {XOXE} failed with invalid_refresh_token", ("LTIzNDU2Nzg5MDEtQUJD",)),
    (f"curl -X POST https://hooks.slack.com/services/{HOOK} -d '{{}}'", (HOOK[-24:],)),
    (
        f"https://contoso.webhook.office.com/webhookb2/8f3c2b1a-1111-2222-3333-444455556666@72f988bf-86f1-41af-91ab-2d7cd011db47/IncomingWebhook/{HEX32}/x",
        (HEX32,),
    ),
    (f"az login --service-principal -u 8f3c2b1a-1111-2222-3333-444455556666 -p {ENTRA} --tenant contoso", (ENTRA[4:],)),
    (f"AppSecret {ENTRA} ClientId 8f3c2b1a-1111-2222-3333-444455556666", (ENTRA[4:],)),
    # Connection strings
    (f"Data Source=sql01;Initial Catalog=CM_P01;User Id=ndes;Password={GOOD};Encrypt=True", (GOOD,)),
    (f"postgresql://ndesbot:{WORD}@db.contoso.com:5432/ndesbot?sslmode=require", (WORD,)),
    (
        f"Endpoint=sb://ndes.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={BODY[0][:43]}=",
        (BODY[0][:40],),
    ),
    (
        f"DefaultEndpointsProtocol=https;AccountName=ndes;AccountKey={BODY[1]}{BODY[2][:22]}==;EndpointSuffix=core.windows.net",
        (BODY[1][8:40],),
    ),
    (f"redis://:{WORD}@cache:6379/0", (WORD,)),
    # Keys and containers
    (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,9C04B7E2516FA83D\n\n"
        + "\n".join(BODY)
        + "\n-----END RSA PRIVATE KEY-----",
        (BODY[0], BODY[-1]),
    ),
    (
        "> -----BEGIN PRIVATE KEY-----\n> " + "\n> ".join(BODY) + "\n> -----END PRIVATE KEY-----\n> the RA key",
        tuple(BODY),
    ),
    (
        "> > -----BEGIN PRIVATE KEY-----\n> > "
        + "\n> > ".join(line[:32] + "\n> > " + line[32:] for line in BODY)
        + "\n> > and then the mail was cut",
        tuple(line[32:] for line in BODY),
    ),
    (
        "Bag Attributes\n    localKeyID: 01 00 00 00\nKey Attributes: <No Attributes>\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        + "\n".join("    " + line for line in BODY),
        tuple(BODY),
    ),
    (f"PfxBlob: {PFX}", (PFX[40:90], PFX[-40:])),
    ("$pfx = @'\n" + "\n".join(PFX[i : i + 64] for i in range(0, 640, 64)) + "\n'@", (PFX[70:120], PFX[580:630])),
    ("PrivateKey=" + "".join(BODY[:4]), (BODY[1], BODY[3])),
    # Hashes
    (f"svc_ndes:1107:{LM}:{NT}:::", (NT,)),
    (f"Hash NTLM: {NT}", (NT,)),
    (f"  * NTLM     : {NT}\n  * SHA1     : da39a3ee5e6b4b0d3255bfef95601890afd80709", (NT,)),
    (f"svc_ndes::CONTOSO:1122334455667788:{NT}:0101000000000000c0653150de09d201", (NT,)),
    # Commands
    (
        f"Import-PfxCertificate -FilePath ra.pfx -CertStoreLocation Cert:\\LocalMachine\\My -Password (ConvertTo-SecureString -String {GOOD} -Force -AsPlainText)",
        (GOOD,),
    ),
    (
        f"Install-AdcsNetworkDeviceEnrollmentService -ServiceAccountName contoso\\ndes -ServiceAccountPassword (Read-Host) -Password:{WORD}",
        (WORD,),
    ),
    (f'$cred = [pscredential]::new("svc", (ConvertTo-SecureString "{GOOD}" -AsPlainText -Force))', (GOOD,)),
    (f"appcmd set apppool SCEP /processModel.userName:contoso\\ndes /processModel.password:{WORD}", (WORD,)),
    (f'<processModel identityType="SpecificUser" userName="contoso\\ndes" password="{WORD}" />', (WORD,)),
    (f"curl -k -u 'contoso\\admin:{GOOD}' --ntlm https://ndes/certsrv/mscep_admin/", (GOOD,)),
    (f"curl --ntlm --user contoso\\\\admin:{WORD} http://ndes/CertSrv/mscep_admin/", (WORD,)),
    (f"wget --http-user=admin --http-password={WORD} http://ndes/certsrv/mscep_admin", (WORD,)),
    (f"Invoke-WebRequest 'https://svc%5Fndes:{WORD}@ndes.contoso.com/certsrv/mscep_admin'", (WORD,)),
    (f"certutil -p {GOOD} -exportPFX my 1a00000007 ra.pfx", (GOOD,)),
    (f"certreq -submit -username contoso\\ndes -p {WORD} req.inf", (WORD,)),
    (f"sc.exe config NDESConnectorSvc obj= contoso\\ndes password= {WORD}", (WORD,)),
    # Headers, cookies, mails
    (f"Cookie: FedAuth={OPAQUE}{OPAQUE}; rtFa={OPAQUE}==", (OPAQUE,)),
    (f"Set-Cookie: AzureAppProxyAccessCookie_x={OPAQUE}; path=/; secure; HttpOnly", (OPAQUE,)),
    ("On Mon someone wrote:\n> the challenge password we use\n> is\n> " + HEX16 + "\n> and it fails", (HEX16,)),
    (f"Von: Jemand\n> das Kennwort fuer das\n> Dienstkonto lautet:\n> {WORD}\n> Gruss", (WORD,)),
    (f"> Password for the pool =\n> {WORD}\n>\n> regards", (WORD,)),
    (f"| Feld | Wert |\n|---|---|\n| Benutzer | svc_ndes |\n| Kennwort | {WORD} |", (WORD,)),
    (f"username,password\nsvc_ndes,{GOOD}", (GOOD,)),
    (f"X-MS-Client-Secret: {OPAQUE}\nX-Functions-Key: {OPAQUE}{OPAQUE}", (OPAQUE,)),
    (f"https://ndesbot.azurewebsites.net/api/messages?code={OPAQUE}{OPAQUE}==&clientId=default", (OPAQUE,)),
    (
        f"The SAS url is https://ndes.blob.core.windows.net/logs/a.log?sv=2031-01-01&sr=b&sig={BODY[0][:20]}%2F{BODY[0][20:30]}%3D",
        (BODY[0][:18],),
    ),
]

INNOCENT = [
    # Numbers of certificates
    "Serial number: 611a2b3c00000000000f",
    "Serial Number: 4e1f0b7ac95d4c2f8b36e1d07a59c3f2",
    "Seriennummer: 6100000007d2c5b1a9e83f40",
    "serialNumber=1A00000012ABCDEF",
    "Serial Number:\n    1a:00:00:00:12:ab:cd:ef:34:56:78:9a:bc:de:f0:00:00:00:12",
    "CRL Number: 1e4f",
    "CRL-Nummer=1043, nächste Veröffentlichung 2031-03-18 08:22",
    "Delta CRL Indicator: Minimum Base CRL Number=1042",
    "Request ID 48211 was denied, disposition 31",
    "Certificate Template: 1.3.6.1.4.1.311.21.8.1234567.7654321.1.2.3.45 (NDES-IPSec)",
    "Key Usage = Digital Signature, Key Encipherment (a0)",
    "Subject Key Identifier=8f 3c 2b 1a 77",
    "Key Container = te-NDESRA-8f3c2b1a-1111-2222-3333-444455556666",
    "Unique container name: 8f3c2b1a77e0c291aa4c028d0f2a0b9a_3da494e4-0fe2-415c-b895-fb5265c5c83b",
    "Thumbprint mismatch between the registry and the store",
    "transaction id 4E1F0B7AC95D4C2F8B36E1D07A59C3F2",
    "transId=4E1F0B7AC95D4C2F8B36E1D07A59C3F2 messageType=19 pkiStatus=2 failInfo=2",
    # Codes
    "The RPC server is unavailable. 0x800706ba (WIN32: 1722 RPC_S_SERVER_UNAVAILABLE)",
    "CertEnroll::CX509Enrollment::p_InstallResponse: A certificate chain could not be built (0x800b010a)",
    "Ausnahme von HRESULT: 0x80094800 (CERTSRV_E_UNSUPPORTED_CERT_TYPE)",
    "NTE_BAD_KEYSET 0x80090016, NTE_PERM 0x8009000f",
    "status 0xC000006A sub status 0xC0000064",
    "HTTP 500.0 - 0x80070057, 503.2, 404.13 and 403.16",
    "AADSTS500011: The resource principal named https://manage.microsoft.com was not found",
    "AADSTS90002: Tenant 'contoso' not found. Trace ID: 0e1f2a3b-4c5d-6e7f-8a9b-0c1d2e3f4a5b",
    "Correlation ID: 3da494e4-0fe2-415c-b895-fb5265c5c83b Timestamp: 2031-03-11 08:22:47Z",
    "ActivityId: 3da494e40fe2415cb895fb5265c5c83b",
    "correlation-id 9C04B7E2516FA83D, attempt 3",
    "WinHTTP 12030 and 12029, schannel 36887 with fatal alert 46",
    # Places
    "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys",
    "C:\\Program Files\\Microsoft Intune\\NDESConnectorSvc\\Logs\\Logs\\NDESConnector_2031-03-11_082247.svclog",
    "%SystemRoot%\\System32\\LogFiles\\HTTPERR\\httperr1.log",
    "HKLM\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\UseSinglePassword = 1",
    "/var/mobile/Library/Logs/CrashReporter/MobileInstallation/mdmd.log.0",
    "http://crl.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201+.crl",
    "ldap:///CN=Contoso-CA,CN=AIA,CN=Public Key Services,CN=Services,CN=Configuration,DC=contoso,DC=com?cACertificate?base?objectClass=certificationAuthority",
    "https://scep-contoso.msappproxy.net/certsrv/mscep/mscep.dll/pkiclient.exe?operation=GetCACaps",
    "https://portal.azure.com/#view/Microsoft_Intune_DeviceSettings/DevicesMenu/~/configuration",
    "ndes01.corp.contoso.com:443 and 10.20.0.11:135",
    # Who speaks
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "mdmd/1.0 CFNetwork/1494.0.7 Darwin/23.4.0",
    "Mozilla/4.0+(compatible;+MSIE+7.0;+Windows+NT+6.2;+WOW64;+Trident/7.0)",
    "2031-03-11 08:22:47 10.20.0.11 GET /certsrv/mscep/mscep.dll operation=GetCACert&message=default 443 - 10.20.0.55 Cisco+IOS - 200 0 0 31",
    "2031-03-11 08:22:47 10.20.0.55 51234 10.20.0.11 443 HTTP/1.1 GET /certsrv/mscep/mscep.dll?operation=GetCACaps 503 1 AppOffline SCEP",
    "Authentication-Results: Negotiate and NTLM are both enabled in IIS",
    # Event texts
    "The Network Device Enrollment Service cannot be started (0x80070005). Access is denied. Event 2",
    "The certificate request does not contain a challenge password, and this is required. Event 28",
    "Der Registrierungsdienst für Netzwerkgeräte kann das Kennwort in der Zertifikatanforderung nicht überprüfen. Es wurde möglicherweise bereits verwendet.",
    "Das Kennwort in der Zertifikatanforderung konnte nicht verifiziert werden.",
    "Le mot de passe de la demande de certificat ne peut pas être vérifié. Il a peut-être déjà été utilisé.",
    "La contraseña de la solicitud de certificado no se puede comprobar. Puede que ya se haya usado.",
    "Het wachtwoord in de certificaataanvraag kan niet worden geverifieerd. Het is mogelijk al gebruikt.",
    "la contraseña es incorrecta",
    "la contraseña ha caducado",
    "la clave es demasiado corta",
    "la clave privada no se puede exportar",
    "het wachtwoord is verlopen",
    "het wachtwoord is onjuist",
    "wachtwoord: ongeldig",
    "der geheime Schlüssel fehlt im Speicher",
    "An account failed to log on. Account Name: svc_ndes Failure Reason: Unknown user name or bad password.",
    "Application pool SCEP is being automatically disabled due to a series of failures in the process(es) serving that application pool.",
    "Windows cannot access the private key: Keyset does not exist",
    "Sending SCEP request ... response received, 3022 bytes, CertRep failInfo badMessageCheck",
    "The SCEP server returned an invalid response. <MDM-SCEP:15001> NSUnderlyingError -67671",
    "Cannot find object or property. CertCreateCertificateContext 0x80092004",
    "NDESPolicy Version=6.2307.22.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35",
    "KB5014754 StrongCertificateBindingEnforcement=2 event 39",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, secp256r1, sha256RSA",
    "at Microsoft.Management.Services.ConnectorCommon.Http.HttpClient.SendAsync(HttpRequestMessage request)",
    "EnforcePassword is 0, so no challenge is asked",
    "PasswordVDir, CacheRequest = 20, PasswordMax=0x5",
    "Set-ItemProperty -Path HKLM:\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP -Name PasswordValidity -Value 120",
    "certutil -setreg CA\\CRLFlags +CRLF_REVCHECK_IGNORE_OFFLINE",
    "certutil -v -template NDES-IPSec",
    "netsh http show sslcert ipport=0.0.0.0:443",
    "Get-ChildItem Cert:\\LocalMachine\\My | Where-Object Issuer -like '*Contoso*'",
    "curl -k -v https://ndes/certsrv/mscep/mscep.dll?operation=GetCACaps",
    "setspn -s HTTP/ndes01.corp.contoso.com",
    "iPad 12,1 iOS 17.4.1 (21E236) model MUQW3LL",
    "Android 14 build UP1A.231005.007, Company Portal 5.0.6152.0",
    "macOS 14.4.1 23E224, Jamf Pro 11.4.1-t1711638372",
    "Secure Boot state on, TPM 2.0 ready, key attestation error 0x80090030",
]
