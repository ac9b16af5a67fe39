"""Words that say what a line is for, by kind, in the languages of most web pages.

Written for this project. A kind is a numeric feature of the tagger: how many words of the line are of it.
Words are lower case; a word may stand under one kind only, and the first kind that lists it wins.
"""

KINDS: dict[str, str] = {
    "navigation": """
        home homepage menu menü search suche suchen login logout log sign signin signup register
        registrieren anmelden anmeldung account konto profile profil sitemap faq help hilfe support skip
        navigation toggle back zurück top startseite übersicht forum forums portal jobs careers karriere
        topics themen sections ressorts categories category kategorien kategorie archives archive archiv
        tags tag index inhalt inhaltsverzeichnis page seite pages seiten next previous prev weiter nächste
        vorherige nächster vorheriger older newer ältere neuere accueil rechercher recherche connexion
        inscription plan suivant précédent inicio buscar entrar registro mapa siguiente anterior cerca
        accedi registrati successivo precedente zoeken inloggen aanmelden volgende vorige strona szukaj
        zaloguj rejestracja kontakty logga sök hem hledat přihlásit поиск войти регистрация главная меню
        mobile app apps desktop version close schließen open expand collapse loading print drucken pdf
        download downloads blogroll links browse view views
        """,
    "legal": """
        copyright rights reserved impressum datenschutz datenschutzerklärung agb nutzungsbedingungen privacy
        policy terms conditions disclaimer cookie cookies haftungsausschluss licence license imprint legal
        rechte vorbehalten urheberrecht gdpr dsgvo consent accept akzeptieren zustimmen einwilligung
        einstellungen settings preferences mentions légales confidentialité conditions droits réservés aviso
        legal privacidad derechos reservados privacidade direitos diritti riservati informativa voorwaarden
        rechten prawa zastrzeżone polityka prywatności powered theme wordpress webdesign trademark
        trademarks inc gmbh llc ltd accessibility adchoices
        """,
    "social": """
        facebook twitter tweet tweets retweet instagram youtube linkedin pinterest google whatsapp telegram
        tumblr reddit digg delicious stumbleupon flattr xing mastodon rss feed feeds atom share shares
        sharing teilen geteilt partager compartir condividi delen udostępnij follow folgen followers
        follower suivre seguir like likes gefällt fan fans email mail e-mail send senden empfehlen recommend
        bookmark podcast flickr vimeo spotify messenger
        """,
    "comment": """
        comment comments commented kommentar kommentare kommentieren kommentiert reply replies antworten
        antwort respond response responses leave cancel abbrechen submit absenden required erforderlich
        pflichtfelder website trackback trackbacks pingback pingbacks moderator moderation permalink
        zitieren melden report abuse flag commentaire commentaires répondre comentario comentarios responder
        comentários commenti commento rispondi reacties reactie komentarze komentarz komentáře комментарии
        комментарий ответить upvote votes vote rating ratings bewertung bewertungen guest gast posts joined
        beiträge mitglied member
        """,
    "date": """
        january february march april may june july august september october november december jan feb mar
        apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon
        tue tues wed thu thurs fri sat sun januar jänner februar märz mai juni juli oktober dezember montag
        dienstag mittwoch donnerstag freitag samstag sonnabend sonntag okt dez uhr ago vor stunden tagen
        minuten hours minutes gestern heute yesterday today am pm janvier février mars avril juin juillet
        août septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche enero
        febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes martes
        miércoles jueves viernes sábado domingo gennaio febbraio aprile maggio giugno luglio settembre
        ottobre dicembre janeiro fevereiro março maio junho julho setembro outubro novembro dezembro januari
        februari maart mei augustus stycznia lutego marca kwietnia maja czerwca lipca sierpnia września
        października listopada grudnia gmt utc est edt pst pdt et cet января февраля марта апреля мая июня
        июля августа сентября октября ноября декабря
        """,
    "byline": """
        by von posted author autor autorin verfasst geschrieben written published veröffentlicht updated
        aktualisiert redaktion editor editorial reporter correspondent korrespondent staff writer
        contributor submitted added eingestellt erstellt publié auteur rédaction par publicado por
        pubblicato autore redazione geplaatst door opublikowano autor: dodano filed under stand quelle
        source erschienen modified edited contributors
        """,
    "related": """
        related more mehr read weiterlesen lesen latest popular recent neueste aktuelle beliebt beliebte
        ähnliche verwandte meistgelesen recommended empfohlen empfehlung also auch see siehe featured
        trending editors' picks most viewed continue reading learn discover entdecken lire suite aussi
        articles article artikel artículos relacionados leer más leggi anche altri articoli correlati meer
        lees czytaj więcej podobne zobacz čtěte další читать далее ещё story stories news nachrichten
        headlines schlagzeilen stichwort schlagwörter schlagworte verschlagwortet themenseite linktipp
        breaking
        """,
    "trade": """
        advertisement advertisements anzeige anzeigen werbung sponsored sponsor sponsoren publicité
        publicidad pubblicità reklama advertise inserieren mediadaten ad ads buy kaufen bestellen order cart
        warenkorb basket shop store price preis preise prices eur usd sale angebot angebote offer offers
        deal deals coupon gutschein discount rabatt free kostenlos shipping versand lieferung checkout
        wishlist stock delivery subscribe subscription subscriber abonnieren abonnement abo newsletter
        newsletters subscribers donate spenden affiliate partner click klicken hier here premium membership
        trial jetzt now suscríbete abonnez iscriviti inschrijven
        """,
    "media": """
        photo photos foto fotos bild bilder image images picture pictures gallery galerie fotostrecke
        bildergalerie video videos watch ansehen play audio listen anhören caption credit getty reuters afp
        dpa ap epa imago shutterstock istock photograph photographer fotograf screenshot thumbnail enlarge
        vergrößern zoom slideshow photograph: illustration infografik copyright: courtesy media mediathek
        """,
    "contact": """
        contact kontakt phone telefon tel fax telephone address adresse anschrift street straße str contacto
        contatto contatti téléphone adres telefoon location standort öffnungszeiten hours about über uns
        team press presse karte map directions anfahrt info infos information informationen
        """,
    "function": """
        the of and to in that is was for it with as his on be at he had are but from they this have not or
        one which you were her all their there been if when so no will an him has would what can said who
        them than its into only other some could time these two then do first any my such our even your me
        how did over because those where just between being should against since while before after during
        through however although i we she der die das und ist nicht zu den dem des ein eine einer eines
        einem einen mit sich auf für im es sie er wir ich ihr dass daß wie bei aus nach am wird werden wurde
        wurden war waren sind hat haben hatte kann können noch nur aber oder wenn als um so zum zur bis
        durch gegen unter sein seine seiner ihre ihren ihrer diese dieser dieses diesem man schon sehr doch
        weil damit denn dann also ob was wer wo alle keine kein wieder le la les un une et à dans que qui
        pour sur pas est ce il elle nous vous au aux du des en avec son sa ses mais ou où été était sont
        cette ces leur plus comme ne se on y je lui ont tout fait même sans el los las una y que del se con
        por para su lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me
        hasta hay donde quien desde todo nos durante uno ni contra otros ese eso ante ellos il lo gli uno di
        da che non per sono del della nel alla dei delle si ma anche più questo questa era ha ho come con
        cui tra suo sua loro essere stato dopo prima het een en van ik te dat hij niet zijn op aan met voor
        als maar om hem dan zou wat mijn er naar nog ook worden wordt werd deze door over uit bij o os as um
        uma não mais dos das mas foi ao ele seu sua ou ser quando muito já eu também só pelo pela até isso
        ela i w na z do się nie to że jest jak po co tak za od przez był był dla są już tylko ale czy oraz
        który która och att det som en på är av för med den till inte om ett han men var jag sig från vi så
        kan når og ikke v se že je s o k ve po pro za od by jako které který byl bylo také jen ale ještě
        nebo и в не на я что он с как это по но они к у ты из мы за вы так же от о бы была был его только
        для еще уже
        """,
}
"""The words of each kind, separated by white space."""


def lexicon() -> dict[str, int]:
    """Return the kind of each word, as its number in the order of `KINDS`."""
    kinds: dict[str, int] = {}
    for number, words in enumerate(KINDS.values()):
        for word in words.split():
            kinds.setdefault(word, number)
    return kinds
