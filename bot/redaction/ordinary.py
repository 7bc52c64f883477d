"""Words that stand behind "the password is" or "challenge:" and are no secret, in five languages."""

ORDINARY = frozenset(
    # English
    "a about accepted access after again all already also always an and any are as at auth authentication bad be because "
    "been before being blocked but by can cannot cert certificate check client complex complexity contains correct could default "
    "denied detected did different do does done down empty enabled error errors even event every expired expires "
    "fail failed failing fails failure false fine for compliant found from fully gone good had has have if ignored in incorrect info "
    "information input invalid is it its just lengthy locked long longer may mismatch missing more must my n/a ndes never new no "
    "none not nothing now null of off ok okay old on once one only onto or other our out over page pending permanent processing policy prompt "
    "provider random reason refused rejected request required reset response result reused right same scep sent server set "
    "shared short should shown single so some somehow static status still stored strong than that the their then there they "
    "this to token too true type under unknown unset until up us usage used user valid validation value verified via wait warning was "
    "weak were what thanks please case sensitive expire mac yesterday today recently when where which while will with within without working wrong yes yet you your "
    # German
    "ab abgelaufen aber abgelehnt aktuell alle alt als am an anders auch auf aus bei beim bereits bis da dann das dass dem "
    "den der des deshalb die dies diese dieses doch durch ein eine einen einer einmal entweder er erforderlich es etwas "
    "falsch fehler fehlerhaft fehlgeschlagen fehlt gar ganz gestern heute gesperrt gespeichert gleich gut hat ich ihr im immer in inkorrekt "
    "ist ja jetzt kann kein keine korrekt kurz lang leer man mehr mein mit muss nach nein neu nicht nichts noch nur ob oder "
    "ohne prima richtig schon schwach sehr sein seit sich sie sind so stark um unbekannt und ung\xfcltig unser unterschiedlich "
    "unver\xe4ndert vom von vor war was weg wegen weil wenn wieder wird wohl wurde zu zum zur zwar "
    # French
    "absent alors au aucun aussi avec bon bonne car ce ces cette dans de depuis des du elle en encore erron\xe9 est et expir\xe9 "
    "expir\xe9e faux hier il inconnu incorrecte invalide je la le les leur mais mauvais ne ni non notre nul oui ou par pas plus pour "
    "que qui refus\xe9 refus\xe9e requis sa sans ses si son sont sur toujours trop un une valable valide vide vrai "
    # Spanish
    "al antes aqu\xed ayer bien bloqueada caduc\xf3 caducada cambi\xf3 como con contra correcta cuando del demasiado desde el era err\xf3nea esta "
    "est\xe1 expirada fall\xf3 falla falsa falta fue ha hay hoy incorrecta inv\xe1lida las lo los mal mala mi muy nada ning\xfan ninguna "
    "nueva nuevo o para pero porque puede rechazada requerida se siempre sin sobre solo su tambi\xe9n tiene vac\xeda vieja y ya "
    # Dutch
    "aan altijd correct daarom dat deze die dit door dus een en er fout gebruikt geen gelijk gisteren goed had heb heeft het hier "
    "juist kan klopt kort leeg maar meer met mijn moet na naar nee niet nieuw niets nodig nog nu om omdat onbekend ongeldig onjuist "
    "ons onze ook op opnieuw te toen uit van vandaag vanaf vereist verkeerd verlopen voor waarom weer wel werkt wordt zijn zo zonder "
    # schemes of HTTP, and what programs print for nothing
    "http https ldap rpc tls ssl soap bitte danke merci gracias bedankt anonymous basic bearer digest kerberos negotiate ntlm realm redacted removed hidden masked undefined nil unable "
    "description header headers name field length max column".split()
)
