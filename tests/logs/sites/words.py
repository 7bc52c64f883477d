"""What programs write: addresses, fields and the texts of events in three languages."""

# ruff: noqa: E501 - what programs say is easier to compare unwrapped

AND = [
    "Dalvik/2.1.0+(Linux;+U;+Android+14;+SM-A546B+Build/UP1A.231005.007)",
    "Dalvik/2.1.0+(Linux;+U;+Android+13;+Pixel+6a)",
]
IOS = ["profiled/1.0+CFNetwork/1568.200.51+Darwin/24.1.0", "profiled/1.0+CFNetwork/1485+Darwin/23.1.0"]
WIN = ["Mozilla/4.0+(compatible;+Win32;+NDES+client)"]
UA = {"a": AND, "i": IOS, "w": WIN}
DLL = "/certsrv/mscep/mscep.dll"
CRP = "/CertificateRegistrationSvc/Certificate/"
NDES = "Microsoft-Windows-NetworkDeviceEnrollmentService"
WAS = "Microsoft-Windows-WAS"
CAS = "Microsoft-Windows-CertificationAuthority"
MDM = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider"
CC = "Microsoft-Intune-CertificateConnectors"
OLDC = "Microsoft Intune Connector"
FIELDS = {
    0: "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    1: "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    2: "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    3: "date time c-ip cs-username s-computername s-ip s-port cs-method cs-uri-stem cs-uri-query time-taken sc-status sc-win32-status sc-substatus cs(User-Agent)",
    4: "time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-substatus sc-win32-status date cs(User-Agent) X-Forwarded-For",
}
T = {  # (provider, id): en, de, fr
    (NDES, 1): (
        "The Network Device Enrollment Service started successfully.",
        "Der Registrierungsdienst für Netzwerkgeräte wurde erfolgreich gestartet.",
        "Le service d’inscription de périphériques réseau a démarré correctement.",
    ),
    (NDES, 3): (
        "The Network Device Enrollment Service was stopped.",
        "Der Registrierungsdienst für Netzwerkgeräte wurde beendet.",
        "Le service d’inscription de périphériques réseau a été arrêté.",
    ),
    (NDES, 47): (
        'The Network Device Enrollment Service loaded the Registration Authority (RA) key exchange certificate with serial number 5c0000000387a1 from the "MY" store.',
        'Der Registrierungsdienst für Netzwerkgeräte hat das RA-Schlüsselaustauschzertifikat mit der Seriennummer 5c0000000387a1 aus dem Speicher "MY" geladen.',
        "Le service d’inscription de périphériques réseau a chargé le certificat d’échange de clés RA portant le numéro de série 5c0000000387a1 à partir du magasin « MY ».",
    ),
    (NDES, 48): (
        'The Network Device Enrollment Service loaded the Registration Authority (RA) signature certificate with serial number 5c0000000251ff from the "MY" store.',
        'Der Registrierungsdienst für Netzwerkgeräte hat das RA-Signaturzertifikat mit der Seriennummer 5c0000000251ff aus dem Speicher "MY" geladen.',
        "Le service d’inscription de périphériques réseau a chargé le certificat de signature RA portant le numéro de série 5c0000000251ff à partir du magasin « MY ».",
    ),
    (NDES, 8): (
        "The Network Device Enrollment Service cannot retrieve information about the certification authority (0x80004005).  Unspecified error",
        "Der Registrierungsdienst für Netzwerkgeräte kann keine Informationen zur Zertifizierungsstelle abrufen (0x80004005).  Unbekannter Fehler",
        "Le service d’inscription de périphériques réseau ne peut pas récupérer d’informations sur l’autorité de certification (0x80004005).  Erreur non spécifiée",
    ),
    (NDES, 2): (
        "The Network Device Enrollment Service cannot be started ({c}).  {x}",
        "Der Registrierungsdienst für Netzwerkgeräte kann nicht gestartet werden ({c}).  {x}",
        "Le service d’inscription de périphériques réseau ne peut pas être démarré ({c}).  {x}",
    ),
    (NDES, 10): (
        "The Network Device Enrollment Service cannot retrieve one of its required certificates (0x80070057).  The parameter is incorrect.",
        "Der Registrierungsdienst für Netzwerkgeräte kann eines der erforderlichen Zertifikate nicht abrufen (0x80070057).  Falscher Parameter.",
        "Le service d’inscription de périphériques réseau ne peut pas récupérer l’un de ses certificats requis (0x80070057).  Paramètre incorrect.",
    ),
    (NDES, 17): (
        "The Network Device Enrollment Service cannot retrieve required information, such as the transaction ID, message type, or signing certificate, from the client's PKCS7 message (0x8009310b).  ASN1 bad tag value met.",
    )
    * 3,
    (NDES, 29): (
        "The password in the certificate request cannot be verified. It may have been used already. Obtain a new password to submit with this request.",
        "Das Kennwort in der Zertifikatanforderung kann nicht überprüft werden. Möglicherweise wurde es bereits verwendet. Fordern Sie ein neues Kennwort für diese Anforderung an.",
        "Le mot de passe de la demande de certificat ne peut pas être vérifié. Il a peut-être déjà été utilisé. Obtenez un nouveau mot de passe à envoyer avec cette demande.",
    ),
    (NDES, 31): (
        "The Network Device Enrollment Service cannot submit the certificate request ({c}).  {x}",
        "Der Registrierungsdienst für Netzwerkgeräte kann die Zertifikatanforderung nicht übermitteln ({c}).  {x}",
        "Le service d’inscription de périphériques réseau ne peut pas envoyer la demande de certificat ({c}).  {x}",
    ),
    (WAS, 5002): (
        "Application pool '{p}' is being automatically disabled due to a series of failures in the process(es) serving that application pool.",
        'Der Anwendungspool "{p}" wird automatisch deaktiviert, da bei mindestens einem Prozess für diesen Anwendungspool eine Reihe von Fehlern aufgetreten ist.',
        "Le pool d’applications « {p} » est automatiquement désactivé en raison d’une série d’erreurs dans le(s) processus desservant ce pool.",
    ),
    (WAS, 5009): (
        "A process serving application pool '{p}' terminated unexpectedly. The process id was '5316'. The process exit code was '0xc0000005'.",
        'Ein Prozess für Anwendungspool "{p}" wurde unerwartet beendet. Prozess-ID: "5316". Exitcode des Prozesses: "0xc0000005".',
        "Un processus desservant le pool d’applications « {p} » s’est terminé de façon inattendue. ID du processus : « 5316 ». Code de sortie : « 0xc0000005 ».",
    ),
    (WAS, 5021): (
        "The identity of application pool SCEP is invalid. The user name or password that is specified for the identity may be incorrect, or the user may not have batch logon rights. If the identity is not corrected, the application pool will be disabled when the application pool receives its first request.",
        "Die Identität des Anwendungspools SCEP ist ungültig. Möglicherweise ist der Benutzername oder das Kennwort der Identität falsch, oder der Benutzer verfügt nicht über Rechte für die Batchanmeldung.",
        "L’identité du pool d’applications SCEP n’est pas valide. Le nom d’utilisateur ou le mot de passe spécifié est peut-être incorrect, ou l’utilisateur ne dispose pas des droits d’ouverture de session par lots.",
    ),
    (WAS, 5057): (
        "Application pool SCEP has been disabled. Windows Process Activation Service (WAS) did not create a worker process to serve the application pool because the application pool identity is invalid.",
        "Der Anwendungspool SCEP wurde deaktiviert. Der Windows-Prozessaktivierungsdienst (WAS) hat keinen Arbeitsprozess erstellt, da die Identität des Anwendungspools ungültig ist.",
        "Le pool d’applications SCEP a été désactivé. Le service d’activation des processus Windows (WAS) n’a pas créé de processus de travail car l’identité du pool n’est pas valide.",
    ),
    (WAS, 5186): (
        "A worker process with process id of '7120' serving application pool '{p}' was shutdown due to inactivity.  Application Pool timeout configuration was set to 20 minutes.  A new worker process will be started when needed.",
        'Ein Arbeitsprozess mit der Prozess-ID "7120" für den Anwendungspool "{p}" wurde wegen Inaktivität heruntergefahren. Bei Bedarf wird ein neuer Arbeitsprozess gestartet.',
        "Un processus de travail (ID 7120) desservant le pool d’applications « {p} » a été arrêté pour cause d’inactivité. Un nouveau processus sera démarré au besoin.",
    ),
    (WAS, 5079): (
        "An administrator has requested a recycle of all worker processes in application pool '{p}'.",
        'Ein Administrator hat die Wiederverwendung aller Arbeitsprozesse im Anwendungspool "{p}" angefordert.',
        "Un administrateur a demandé le recyclage de tous les processus de travail du pool d’applications « {p} ».",
    ),
    ("Application Error", 1000): (
        "Faulting application name: {a}, version: 10.0.17763.1, time stamp: 0xc1b3a4d2\nFaulting module name: {m}, version: 10.0.17763.5830, time stamp: 0x6b1fd8d3\nException code: {c}\nFault offset: 0x00000000000a5ab0\nFaulting process id: 0x14c4",
        "Name der fehlerhaften Anwendung: {a}, Version: 10.0.17763.1, Zeitstempel: 0xc1b3a4d2\nName des fehlerhaften Moduls: {m}, Version: 10.0.17763.5830, Zeitstempel: 0x6b1fd8d3\nAusnahmecode: {c}\nFehleroffset: 0x00000000000a5ab0\nID des fehlerhaften Prozesses: 0x14c4",
        "Nom de l’application défaillante {a}, version : 10.0.17763.1, horodatage : 0xc1b3a4d2\nNom du module défaillant : {m}, version : 10.0.17763.5830, horodatage : 0x6b1fd8d3\nCode d’exception : {c}\nDécalage d’erreur : 0x00000000000a5ab0",
    ),
    ("Microsoft-Windows-DistributedCOM", 10016): (
        "The application-specific permission settings do not grant Local Activation permission for the COM Server application with CLSID {{2593F8B9-4EAF-457C-B68A-50F6B8EA6B54}} and APPID {{15C20B67-12E7-4BB6-92BB-7AFF07997402}} to the user NT AUTHORITY\\SYSTEM.",
        'Durch die Berechtigungseinstellungen für "Anwendungsspezifisch" wird dem Benutzer NT-AUTORITÄT\\SYSTEM keine Berechtigung vom Typ "Lokal Aktivierung" für die COM-Serveranwendung mit der CLSID {{2593F8B9-4EAF-457C-B68A-50F6B8EA6B54}} gewährt.',
        "Les paramètres d’autorisation propres à l’application n’accordent pas l’autorisation Local Activation pour l’application serveur COM avec le CLSID {{2593F8B9-4EAF-457C-B68A-50F6B8EA6B54}} à l’utilisateur AUTORITE NT\\Système.",
    ),
    ("Microsoft-Windows-CAPI2", 513): (
        "Cryptographic Services failed while processing the OnIdentity() call in the System Writer Object.\n\nDetails:\nAddLegacyDriverFiles: Unable to back up image of binary Microsoft Link-Layer Discovery Protocol.\n\nSystem Error:\nAccess is denied.",
    )
    * 3,
    ("Service Control Manager", 7036): (
        "The Windows Modules Installer service entered the running state.",
        'Dienst "Windows Modules Installer" befindet sich jetzt im Status "Wird ausgeführt".',
        "Le service Programme d’installation pour les modules Windows est entré dans l’état : en cours d’exécution.",
    ),
    ("Microsoft-Windows-HttpEvent", 15301): (
        "SSL Certificate Settings created by an admin process for endpoint : 0.0.0.0:8443 .",
        "SSL-Zertifikateinstellungen wurden von einem Administratorprozess für Endpunkt 0.0.0.0:8443 erstellt.",
        "Paramètres de certificat SSL créés par un processus administrateur pour le point de terminaison : 0.0.0.0:8443 .",
    ),
    ("Microsoft-Windows-HttpEvent", 15021): (
        "An error occurred while using SSL configuration for endpoint 0.0.0.0:443.  The error status code is contained within the returned data.",
        "Fehler beim Verwenden der SSL-Konfiguration für Endpunkt 0.0.0.0:443.  Der Fehlerstatuscode ist in den zurückgegebenen Daten enthalten.",
        "Une erreur s’est produite lors de l’utilisation de la configuration SSL pour le point de terminaison 0.0.0.0:443. Le code d’état d’erreur figure dans les données retournées.",
    ),
    ("Schannel", 36870): (
        "A fatal error occurred when attempting to access the TLS server credential private key. The error code returned from the cryptographic module is 0x8009030D. The internal error state is 10001.",
        "Schwerwiegender Fehler beim Zugreifen auf den privaten Schlüssel der TLS server-Anmeldeinformationen. Fehlercode des kryptografischen Moduls: 0x8009030D. Interner Fehlerstatus: 10001.",
        "Une erreur irrécupérable s’est produite lors de la tentative d’accès à la clé privée des informations d’identification TLS server. Code d’erreur : 0x8009030D. État d’erreur interne : 10001.",
    ),
    ("Schannel", 36887): (
        "A fatal alert was received from the remote endpoint. The TLS protocol defined fatal alert code is {c}.",
    )
    * 3,
    (CAS, 53): (
        "Active Directory Certificate Services denied request {n} because {x} {c}.  The request was for {s}.  Additional information: Denied by Policy Module",
        "Active Directory-Zertifikatdienste haben die Anforderung {n} verweigert: {x} {c}.  Die Anforderung war für {s}.  Weitere Informationen: Vom Richtlinienmodul verweigert",
        "Les services de certificats Active Directory ont refusé la demande {n} car {x} {c}.  La demande était pour {s}.  Informations supplémentaires : Refusé par le module de stratégie",
    ),
    (CAS, 26): (
        "Active Directory Certificate Services for Contoso-Issuing-CA was started.",
        "Active Directory-Zertifikatdienste für Contoso-Issuing-CA wurde gestartet.",
        "Les services de certificats Active Directory pour Contoso-Issuing-CA ont été démarrés.",
    ),
    (CAS, 100): (
        "Active Directory Certificate Services did not start: Could not load or verify the current CA certificate.  Contoso-Issuing-CA The revocation function was unable to check revocation because the revocation server was offline. 0x80092013 (-2146885613 CRYPT_E_REVOCATION_OFFLINE).",
    )
    * 3,
    ("Microsoft-Windows-Security-Auditing", 4886): (
        "Certificate Services received a certificate request.\n\t\nRequest ID:\t{n}\nRequester:\tCONTOSO\\svc-ndes\nAttributes:\tCertificateTemplate:IntuneSCEP",
    )
    * 3,
    ("Microsoft-Windows-Security-Auditing", 4887): (
        "Certificate Services approved a certificate request and issued a certificate.\n\t\nRequest ID:\t{n}\nRequester:\tCONTOSO\\svc-ndes\nAttributes:\tCertificateTemplate:IntuneSCEP",
    )
    * 3,
    ("Microsoft-Windows-Security-Auditing", 4889): (
        "Certificate Services set the status of a certificate request to pending.\n\t\nRequest ID:\t{n}\nRequester:\tCONTOSO\\svc-ndes\nAttributes:\tCertificateTemplate:IntuneSCEP",
    )
    * 3,
    ("ASP.NET 4.0.30319.0", 1310): (
        "Event code: 3007\nEvent message: A compilation error has occurred.\nEvent time: {c}\nApplication information:\n    Application Virtual Path: /CertificateRegistrationSvc\nException information:\n    Exception message: (0): error CS2001: Source file 'C:\\Windows\\TEMP\\k1dgxw2y.0.cs' could not be found",
    )
    * 3,
    ("Microsoft-Windows-CertificateServicesClient-CertEnroll", 86): (
        "SCEP Certificate enrollment initialization for {s} via {u} failed:\n\nGetCACaps\n\nMethod: GET(16ms)\nStage: GetCACaps\n{x}",
    )
    * 3,
}
for i, n in {
    4000: "ScrepRequestSuccess",
    4001: "ScepRequestIssuedFailure",
    4002: "ScepRequestUploadFailure",
    4003: "ScepRequestReceived",
    4004: "ScepVerifySuccess",
    4005: "ScepVerifyFailure",
    4006: "ScepIssuedSuccess",
    4007: "ScepIssuedFailure",
    4008: "ScepNotifySuccess",
    4009: "ScepNotifyAttemptFailed",
    4010: "ScepNotifySaveToDiskFailed",
}.items():
    T[(CC, i)] = (n + "\nTransaction ID: {n}{x}",) * 3
for i, n in {
    10010: "StartedConnectorService",
    10020: "StoppedConnectorService",
    20500: "CRPVerifyMetric_Success",
    20501: "CRPVerifyMetric_Warning",
    20502: "CRPVerifyMetric_Failure",
    20600: "CRPNotifyMetric_Success",
    20602: "CRPNotifyMetric_Failure",
    20300: "Upload_Success",
    20302: "Upload_Failure",
    20400: "Download_Success",
}.items():
    T[(OLDC, i)] = (n + "{x}",) * 3
ENROLL_URL = "https://{h}/certsrv/mscep/mscep.dll/pkiclient.exe"
MODEL = "ModelName=AC_51bad41f-3854-4eb5-a2f2-0f7a94034ee8%2FLogicalName_39907e78_e61b_4730_b9fa_d44a53e4111c;Hash=1677525787"
for i, m in {
    36: "SCEP: Certificate request generated successfully. Enhanced Key Usage: (1.3.6.1.5.5.7.3.2), NDES URL: ({u}), Container Name: (), KSP Setting: (0x2), Store Location: (0x1).",
    37: "SCEP: Certificate request sent successfully.",
    38: "SCEP: Certificate response received successfully.",
    39: "SCEP: Certificate installed successfully.",
    32: "SCEP: Certificate enroll failed. Result: ({x}).",
    301: "SCEP: Failed CspCreateInstance. Result: ({x}).",
    302: "SCEP: Failed CspAddNode. NodePath: (./User/Vendor/MSFT/ClientCertificateInstall/SCEP/"
    + MODEL.replace("{", "")
    + "), Result: ({x}).",
    305: "SCEP: Failed CspSetValue. NodePath: (./User/Vendor/MSFT/ClientCertificateInstall/SCEP/"
    + MODEL
    + "/Install/ServerURL), Result: ({x}).",
    306: "SCEP: CspExecute for UniqueId : ("
    + MODEL
    + ") InstallUserSid : (S-1-12-1-3219871-11223) InstallLocation : (user) NodePath : (clientinstall) KeyProtection: (0x2) Result : ({x}).",
    308: "SCEP: Failed to send Server request. ServerUrl: ({u}), Result: ({x}).",
}.items():
    T[(MDM, i)] = (m,) * 3
COMP = {"ca": "CA01.contoso.com", "casec": "CA01.contoso.com", "mdm": "PC17.contoso.com", "devapp": "PC17.contoso.com"}
LEVEL = {
    "E": ("Error", "Fehler", "Erreur", 2),
    "W": ("Warning", "Warnung", "Avertissement", 3),
    "I": ("Information", "Informationen", "Information", 4),
}
LANG = {"en": 0, "de": 1, "fr": 2}
CHAN = {
    "app": "Application",
    "sys": "System",
    "cadm": CC + "/Admin",
    "cop": CC + "/Operational",
    "oldc": OLDC,
    "mdm": MDM + "/Admin",
    "ca": "Application",
    "casec": "Security",
    "capi2": "Microsoft-Windows-CAPI2/Operational",
    "devapp": "Application",
}
