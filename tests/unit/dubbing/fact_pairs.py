"""Lines with good translations, and lines with slips and what kind each slip is: the corpus of the check of facts."""

GOOD = [
    # numbers, words for digits and digits for words
    ("en", "es", "Twelve people came to the meeting.", "A la reunión vinieron 12 personas."),
    ("en", "es", "We sold 12 of them.", "Vendimos doce."),
    ("en", "fr", "It took ninety-seven attempts.", "Il a fallu quatre-vingt-dix-sept tentatives."),
    ("en", "fr", "There are 1,234.5 reasons.", "Il y a 1 234,5 raisons."),
    ("en", "de", "The tower is 1,234 steps high.", "Der Turm hat 1.234 Stufen."),
    ("en", "de", "Twenty-three students passed.", "Dreiundzwanzig Studenten haben bestanden."),
    ("en", "de", "It grew by 3.5 percent last year.", "Es ist letztes Jahr um 3,5 Prozent gewachsen."),
    ("en", "es", "More than 1.5 million users signed up.", "Se registraron más de 1,5 millones de usuarios."),
    ("en", "es", "A population of 2 billion.", "Una población de dos mil millones."),
    ("en", "pt-BR", "Two hundred and fifty volunteers helped.", "Duzentos e cinquenta voluntários ajudaram."),
    ("en", "pt-BR", "It has 45 rooms.", "Tem quarenta e cinco quartos."),
    ("en", "it", "There were 128 seats.", "C'erano centoventotto posti."),
    ("en", "it", "Thirty-eight goals in one season.", "Trentotto gol in una stagione."),
    ("en", "ko", "The film drew 12 million viewers.", "이 영화는 관객 1,200만 명을 모았습니다."),
    ("en", "ko", "Three friends met again.", "세 친구가 다시 만났습니다."),
    ("en", "ko", "It costs 12,000 won.", "가격은 1만 2천 원입니다."),
    ("en", "es", "Both of us, the two of us, agreed.", "Ambos estuvimos de acuerdo."),
    ("en", "fr", "Thanks a million!", "Mille mercis !"),
    ("en", "es", "I told you a hundred times.", "Te lo dije mil veces."),
    ("en", "es", "I'm 100% sure.", "Estoy totalmente seguro."),
    ("en", "de", "He finished in 3rd place.", "Er wurde Dritter."),
    ("en", "es", "In the 21st century.", "En el siglo XXI."),
    ("en", "fr", "Music of the 1990s.", "La musique des années quatre-vingt-dix."),
    ("en", "es", "One of them is open 24/7.", "Uno de ellos está abierto las veinticuatro horas."),
    ("en", "de", "She was born in nineteen eighty-four.", "Sie wurde 1984 geboren."),
    ("en", "de", "A dozen eggs, please.", "Ein Dutzend Eier, bitte."),
    ("de", "en", "Das kostet 1.500 Franken und dauert zwölf Tage.", "It costs 1,500 francs and takes twelve days."),
    ("es", "en", "Hay treinta y cinco alumnos.", "There are 35 pupils."),
    ("fr", "en", "Neuf films sont sortis.", "New films came out."),
    # dates and times
    ("en", "fr", "We leave at 5:30 pm.", "On part à 17 h 30."),
    ("en", "es", "We leave at 5:30 pm.", "Salimos a las cinco y media de la tarde."),
    ("en", "de", "The shop opens at 9 am.", "Der Laden öffnet um neun Uhr."),
    ("en", "de", "Dinner is at 7:45 pm.", "Das Abendessen ist um 19.45 Uhr."),
    ("en", "it", "The train leaves at 12 pm.", "Il treno parte a mezzogiorno."),
    ("en", "ko", "The train leaves at 5 pm.", "기차는 오후 다섯 시에 출발합니다."),
    ("en", "es", "It starts at half past five.", "Empieza a las 17:30."),
    ("en", "es", "The deadline is 2026-11-03.", "La fecha límite es el 3 de noviembre de 2026."),
    ("en", "de", "It happened on November 3rd, 2026.", "Es geschah am 3.11.2026."),
    ("en", "fr", "On March 1, 2020, everything stopped.", "Le 1er mars 2020, tout s'est arrêté."),
    ("en", "pt-BR", "See you on Monday, June 5.", "Até segunda, 5 de junho."),
    ("en", "ko", "It was released on October 12, 2021.", "2021년 10월 12일에 출시되었습니다."),
    ("en", "es", "It may rain in March.", "Puede que llueva en marzo."),
    ("fr", "en", "Le 14 juillet 1789, à 17h30.", "On July 14, 1789, at 5:30 pm."),
    # units, percent and currency
    ("en", "es", "It is 42 km from here.", "Está a 42 kilómetros de aquí."),
    ("en", "fr", "Run five miles a day.", "Cours huit... non, cinq miles par jour."),
    ("en", "de", "It weighs 20 pounds.", "Es wiegt 20 Pfund."),
    ("en", "it", "Heat it to 180 °C.", "Scaldalo a 180 gradi."),
    ("en", "pt-BR", "He drove at 60 mph.", "Ele dirigia a 60 milhas por hora."),
    ("en", "ko", "Walk 5 km every day.", "매일 5킬로미터를 걸으세요."),
    ("en", "fr", "The file has 16 GB.", "Le fichier fait 16 Go."),
    ("en", "es", "About 30 per cent of the voters.", "Cerca del 30 % de los votantes."),
    ("en", "es", "It costs $50.", "Cuesta 50 dólares."),
    ("en", "de", "They paid 20 euros.", "Sie haben 20 € bezahlt."),
    ("en", "fr", "That's £3,000 a month.", "Ça fait 3 000 livres par mois."),
    ("en", "pt-BR", "It sold for ten thousand yen.", "Foi vendido por dez mil ienes."),
    ("en", "it", "A $5m deal.", "Un accordo da 5 milioni di dollari."),
    ("en", "es", "We stayed two weeks.", "Nos quedamos dos semanas."),
    ("en", "es", "That is the million-dollar question.", "Esa es la pregunta del millón."),
    ("en", "de", "Wait 10 seconds, please.", "Warte bitte zehn Sekunden."),
    # negation
    ("en", "es", "I don't think that is right.", "No creo que eso sea correcto."),
    ("en", "fr", "We never store your data.", "Nous ne conservons jamais vos données."),
    ("en", "de", "There is no sugar in this recipe.", "In diesem Rezept ist kein Zucker."),
    ("en", "de", "That is not possible.", "Das ist unmöglich."),
    ("en", "it", "Don't worry about it.", "Tranquillo."),
    ("en", "pt-BR", "No doubt he will come.", "Com certeza ele vem."),
    ("en", "ko", "I do not agree with this plan.", "저는 이 계획에 동의하지 않습니다."),
    ("en", "es", "Why don't we go home?", "¿Qué tal si vamos a casa?"),
    ("en", "es", "Isn't he coming with us?", "¿Viene con nosotros?"),
    ("en", "es", "I can't wait to see the results.", "Tengo muchas ganas de ver los resultados."),
    ("en", "fr", "He only eats fruit in the morning.", "Il ne mange que des fruits le matin."),
    ("en", "es", "You're welcome.", "No hay de qué."),
    ("en", "de", "It is impossible to say today.", "Das kann man heute nicht sagen."),
    ("en", "it", "Hold the line and stay where you are.", "Resta in linea e non ti muovere."),
    ("es", "en", "No solo canta, también baila.", "He sings and he dances as well."),
    # names and terms
    ("en", "es", "I met Maria in London.", "Conocí a María en Londres."),
    ("en", "de", "The White House said so on Friday.", "Das Weiße Haus teilte das am Freitag mit."),
    ("en", "fr", "We flew from Spain to Germany.", "Nous avons volé d'Espagne en Allemagne."),
    ("en", "it", "Yesterday Plato would have laughed.", "Ieri Platone avrebbe riso."),
    ("en", "es", "Push it to GitHub and open YouTube.", "Súbelo a GitHub y abre YouTube."),
    ("en", "es", "The UN and NATO agreed.", "La ONU y la OTAN se pusieron de acuerdo."),
    ("en", "pt-BR", "Speak English with Mr. Oliveira.", "Fale inglês com o senhor Oliveira."),
    ("en", "ko", "I met Maria in London.", "저는 런던에서 마리아를 만났어요."),
    ("en", "fr", "I am NOT going to say it again.", "Je ne vais pas le répéter."),
    ("en", "de", "How To Bake Fresh Bread Today", "Wie man heute frisches Brot backt"),
    ("en", "de", "Where Happy Children Go Every Night", "Wohin glückliche Kinder jeden Abend gehen"),
    ("en", "es", "I loved The Lord of the Rings.", "Me encantó El señor de los anillos."),
    ("de", "en", "Wir haben den Bericht im Garten gelesen.", "We read it outside."),
    ("en", "es", "This is COVID-19, not an MP3.", "Esto es COVID-19, no un MP3."),
    # slips of earlier checks
    ("en", "de", "When I get there, then I'll call.", "Wenn ich da bin, rufe ich an."),
    ("en", "fr", "You know I'd help, and I'll pay.", "Tu sais que j'aiderais, et je paierai."),
    ("en", "es", "She told me that I'm late and I've to run.", "Me dijo que llego tarde y que debo correr."),
    ("es", "en", "Perdona, ¿Tienes hora?", "Excuse me, do you have the time?"),
    ("en", "es", "It's room two oh four.", "Es la habitación 204."),
    ("es", "en", "Es la habitación 204.", "It's room two oh four."),
    ("en", "es", "In nineteen oh five he left.", "Se fue en 1905."),
    ("en", "es", "Flight two seventy one is boarding.", "El vuelo 271 está embarcando."),
    ("en", "es", "Press one, then four, then seven nine.", "Pulse uno, luego cuatro, luego 79."),
    ("en", "es", "I work in HR at the DMV.", "Trabajo en recursos humanos, en Tráfico."),
    ("en", "es", "You don't have to tell me twice.", "Me basta con una vez."),
    ("it", "en", "Prendo venti l'ora.", "I make twenty an hour."),
    ("fr", "en", "J'ai vingt mille abonnés.", "I have twenty thousand subscribers."),
    ("en", "fr", "It costs five cents.", "Ça coûte cinq cents."),
    ("fr", "en", "Le 3 mai, c'est mon anniversaire.", "My birthday is on the third of May."),
    ("de", "en", "Am 12. Juni heiraten wir.", "We're getting married on the twelfth of June."),
    ("de", "en", "Das war am dritten Mai.", "That was on May 3rd."),
    ("ko", "en", "오늘은 3월 5일입니다.", "Today is March fifth."),
    ("en", "ko", "It's the fifth of March.", "3월 5일입니다."),
    ("en", "es", "He's six feet under by now.", "A estas alturas ya está criando malvas."),
    ("en", "es", "In nineteen ninety-eight Germany won.", "En 1998 ganó Alemania."),
    ("en", "es", "I have two degrees and five real reasons.", "Tengo dos carreras y cinco razones de peso."),
]
"""Source language, target language, line, translation: none of them has a slip."""

BAD = [
    ("number", "en", "es", "Twelve people came.", "Vinieron 21 personas."),
    ("number", "en", "es", "We sold 12 of them.", "Vendimos algunos."),
    ("number", "en", "fr", "There are 1,234 reasons.", "Il y a 1 243 raisons."),
    ("number", "en", "de", "It grew by 3.5 percent.", "Es ist um 35 Prozent gewachsen."),
    ("number", "en", "de", "The tower is 1,500 steps high.", "Der Turm hat 1,5 Stufen."),
    ("number", "en", "es", "More than 2 billion users.", "Más de dos millones de usuarios."),
    ("number", "en", "it", "Thirty-eight goals.", "Ottantatré gol."),
    ("number", "en", "pt-BR", "It has 45 rooms.", "Tem cinquenta e quatro quartos."),
    ("number", "en", "ko", "The film drew 12 million viewers.", "이 영화는 관객 120만 명을 모았습니다."),
    ("number", "en", "es", "Three of us stayed.", "Nos quedamos 5."),
    ("number", "en", "de", "She was born in 1984.", "Sie wurde 1948 geboren."),
    ("number", "en", "ko", "There were 350 seats.", "좌석이 있었습니다."),
    ("number", "es", "en", "Hay treinta y cinco alumnos.", "There are 53 pupils."),
    ("number", "fr", "en", "Quatre-vingt-douze pages.", "Eighty-two pages."),
    ("number", "en", "es", "He makes fifty grand a year.", "Gana sesenta mil al año."),
    ("number", "en", "de", "She was born in nineteen eighty-four.", "Sie wurde 1948 geboren."),
    ("number", "fr", "en", "Ça fera quinze dollars et vingt cents.", "That'll be fifteen dollars and thirty cents."),
    ("number", "en", "fr", "We need fifteen minutes more.", "Il nous faut vingt minutes de plus."),
    ("number", "en", "it", "We sold twelve of them by noon.", "Ne abbiamo vendute tredici prima delle due."),
    ("date", "en", "fr", "We leave at 5:30 pm.", "On part à 17 h 45."),
    ("date", "en", "es", "We leave at 9 am.", "Salimos a las 8."),
    ("date", "en", "de", "Dinner is at 7:45 pm.", "Das Abendessen ist um 20.45 Uhr."),
    ("date", "en", "es", "The deadline is 2026-11-03.", "La fecha límite es el 11 de marzo de 2026."),
    ("date", "en", "fr", "On March 5, 2020, it stopped.", "Le 5 mai 2020, tout s'est arrêté."),
    ("date", "en", "pt-BR", "It was on June 5, 1999.", "Foi em 5 de junho de 1989."),
    ("date", "en", "es", "See you on Tuesday.", "Nos vemos el lunes."),
    ("date", "en", "it", "It opens in October.", "Apre a novembre."),
    ("date", "en", "ko", "It was released on October 12, 2021.", "2021년 11월 12일에 출시되었습니다."),
    ("date", "de", "en", "Am 12. Juni heiraten wir.", "We're getting married on the thirteenth of June."),
    ("date", "ko", "en", "오늘은 3월 5일입니다.", "Today is May fifth."),
    ("date", "it", "en", "Il treno parte alle 6.15.", "The train leaves at 6:50."),
    ("unit", "en", "es", "It is 42 miles from here.", "Está a 42 kilómetros de aquí."),
    ("unit", "en", "de", "It weighs 20 pounds.", "Es wiegt 20 Kilo."),
    ("unit", "en", "fr", "Run five miles a day.", "Cours huit kilomètres par jour."),
    ("unit", "en", "it", "Heat it to 350 °F.", "Scaldalo a 350 °C."),
    ("unit", "en", "es", "Wait 10 minutes.", "Espera 10 horas."),
    ("unit", "en", "pt-BR", "About 30% of the voters.", "Cerca de 30 dos eleitores."),
    ("unit", "en", "ko", "Walk 5 miles every day.", "매일 5킬로미터를 걸으세요."),
    ("unit", "en", "es", "He's six feet tall and built like a tank.", "Mide uno ochenta y es un armario."),
    ("unit", "fr", "en", "C'est à cinq milles marins.", "It's five kilometres away."),
    ("unit", "en", "de", "It went up a hundred and ten percent.", "Es ist um hundertzehn Grad gestiegen."),
    ("currency", "en", "es", "It costs $50.", "Cuesta 50 euros."),
    ("currency", "en", "de", "They paid 20 pounds for it.", "Sie haben 20 Euro dafür bezahlt."),
    ("currency", "en", "fr", "That's ten thousand yen.", "Ça fait dix mille dollars."),
    ("currency", "en", "ko", "It costs 50 dollars.", "50원입니다."),
    ("currency", "es", "en", "Cuesta 20 euros.", "It costs 20 dollars."),
    ("negation", "en", "es", "I do not agree with this plan.", "Estoy de acuerdo con este plan."),
    ("negation", "en", "fr", "We never store your data.", "Nous conservons toujours vos données."),
    ("negation", "en", "de", "You must not open the door.", "Du musst die Tür öffnen."),
    ("negation", "en", "pt-BR", "She doesn't live here.", "Ela mora aqui."),
    (
        "negation",
        "en",
        "es",
        "You cannot take this medicine with alcohol.",
        "Puede tomar este medicamento con alcohol.",
    ),
    (
        "negation",
        "en",
        "de",
        "The patient was not informed of the risk.",
        "Der Patient wurde über das Risiko informiert.",
    ),
    ("negation", "en", "it", "I would never do that to you.", "Ti farei questo."),
    ("name", "en", "es", "Thank you for coming, Maria.", "Gracias por venir."),
    ("name", "en", "es", "I think Sarah's late.", "Creo que llega tarde."),
    ("name", "en", "fr", "Push the code to GitHub.", "Envoie le code."),
    ("name", "en", "it", "I asked Oliveira about it.", "Ho chiesto a lui."),
    ("name", "en", "de", "He works with Kowalski every day.", "Er kommt jeden Tag mit ihm zur Arbeit."),
    ("name", "en", "pt-BR", "Open it with VSCode.", "Abra no editor."),
    ("name", "de", "en", "Das steht in YouTube.", "It is on the site."),
    ("name", "en", "es", "It uses HTML.", "Usa etiquetas."),
]
"""Kind of the slip, then as above: each must be found."""

_SPOKEN = """
Two coffees and a croissant, please. | Dos cafés y un cruasán, por favor. | Deux cafés et un croissant, s'il vous plaît. | Zwei Kaffee und ein Croissant, bitte. | Dois cafés e um croissant, por favor. | Due caffè e un cornetto, per favore. | 커피 두 잔이랑 크루아상 하나 주세요.
I'll be back in five minutes. | Vuelvo en cinco minutos. | Je reviens dans cinq minutes. | Ich bin in fünf Minuten zurück. | Volto em cinco minutos. | Torno tra cinque minuti. | 5분 뒤에 올게요.
Give me a second. | Dame un segundo. | Donne-moi une seconde. | Gib mir eine Sekunde. | Me dá um segundo. | Dammi un secondo. | 잠깐만요.
We've known each other for twenty years. | Nos conocemos desde hace veinte años. | On se connaît depuis vingt ans. | Wir kennen uns seit zwanzig Jahren. | A gente se conhece há vinte anos. | Ci conosciamo da vent'anni. | 우리는 20년 된 사이예요.
Don't be late tomorrow. | Mañana sé puntual. | Sois à l'heure demain. | Sei morgen pünktlich. | Chegue na hora amanhã. | Domani sii puntuale. | 내일은 제시간에 오세요.
I don't care. | Me da igual. | Ça m'est égal. | Das ist mir egal. | Tanto faz. | Mi è indifferente. | 상관없어요.
I couldn't agree more, honestly. | Totalmente de acuerdo, la verdad. | Tout à fait d'accord, franchement. | Da bin ich ganz deiner Meinung, ehrlich. | Concordo totalmente, de verdade. | Sono pienamente d'accordo, davvero. | 솔직히 전적으로 동의해요.
You're not wrong about that. | En eso tienes razón. | Tu as raison là-dessus. | Da hast du recht. | Nisso você tem razão. | Su questo hai ragione. | 그건 당신 말이 맞아요.
It's not cheap, you know. | Es caro, ¿sabes? | C'est cher, tu sais. | Das ist teuer, weißt du. | É caro, sabe. | È caro, sai. | 그거 비싸거든요.
I'm not kidding, this is real. | Hablo en serio, esto es real. | Je suis sérieux, c'est réel. | Ich meine es ernst, das ist echt. | Estou falando sério, isso é real. | Dico sul serio, è vero. | 진담이에요, 이건 진짜예요.
She isn't here right now. | Ahora mismo está fuera. | Elle est sortie. | Sie ist gerade weg. | Ela saiu agora. | È fuori in questo momento. | 지금 자리를 비우셨어요.
Nothing happened, I swear. | No pasó nada, lo juro. | Il ne s'est rien passé, je le jure. | Es ist nichts passiert, ich schwöre. | Não aconteceu nada, juro. | Non è successo niente, lo giuro. | 아무 일도 없었어요, 맹세해요.
Tell Sarah I said hello. | Saluda a Sarah de mi parte. | Passe le bonjour à Sarah. | Grüß Sarah von mir. | Manda um oi pra Sarah. | Salutami Sarah. | 사라한테 안부 전해 줘.
Come on, John, let's get out of here. | Venga, John, vámonos de aquí. | Allez, John, on s'en va. | Komm schon, John, lass uns gehen. | Vamos, John, vamos embora. | Dai, John, andiamocene. | 자, 존, 여기서 나가자.
Hey, Mike, hold on! | ¡Oye, Mike, espera! | Hé, Mike, attends ! | Hey, Mike, warte! | Ei, Mike, espera! | Ehi, Mike, aspetta! | 야, 마이크, 기다려!
My flight leaves at 6:15 in the morning. | Mi vuelo sale a las 6:15 de la mañana. | Mon vol part à 6 h 15 du matin. | Mein Flug geht um 6.15 Uhr. | Meu voo sai às 6h15 da manhã. | Il mio volo parte alle 6.15 del mattino. | 비행기가 아침 6시 15분에 떠나요.
Let's meet at noon. | Quedemos a mediodía. | On se retrouve à midi. | Treffen wir uns um zwölf. | Vamos nos encontrar ao meio-dia. | Vediamoci a mezzogiorno. | 정오에 만나요.
It's a quarter to eight already. | Ya son las ocho menos cuarto. | Il est déjà huit heures moins le quart. | Es ist schon Viertel vor acht. | Já são quinze para as oito. | Sono già le otto meno un quarto. | 벌써 여덟 시 십오 분 전이에요.
That'll be fifteen dollars and twenty cents. | Son quince dólares con veinte centavos. | Ça fera quinze dollars et vingt cents. | Das macht fünfzehn Dollar und zwanzig Cent. | São quinze dólares e vinte centavos. | Fanno quindici dollari e venti centesimi. | 15달러 20센트입니다.
He makes fifty grand a year. | Gana cincuenta mil al año. | Il gagne cinquante mille par an. | Er verdient fünfzigtausend im Jahr. | Ele ganha cinquenta mil por ano. | Guadagna cinquantamila l'anno. | 그는 1년에 5만 달러를 벌어요.
I've told you a thousand times. | Te lo he dicho mil veces. | Je te l'ai dit mille fois. | Ich hab's dir schon tausendmal gesagt. | Já te falei mil vezes. | Te l'ho detto mille volte. | 몇 번을 말했잖아요.
We're going fifty-fifty on this. | Vamos a medias en esto. | On fait moitié-moitié. | Wir machen halbe-halbe. | Vamos rachar meio a meio. | Facciamo a metà. | 이건 반반씩 하죠.
Turn left after two hundred yards. | Gire a la izquierda a doscientas yardas. | Tournez à gauche dans deux cents yards. | Nach zweihundert Yards links abbiegen. | Vire à esquerda em duzentas jardas. | Gira a sinistra tra duecento iarde. | 200야드 앞에서 좌회전하세요.
Call nine one one! | ¡Llama al 911! | Appelez le 911 ! | Ruf den Notruf 911! | Liga pro 911! | Chiama il 911! | 911에 전화해요!
My number is five five five, oh one two three. | Mi número es el 555 0123. | Mon numéro, c'est le 555 0123. | Meine Nummer ist 555 0123. | Meu número é 555-0123. | Il mio numero è 555 0123. | 제 번호는 555-0123이에요.
I was born in 1985, on a Tuesday. | Nací en 1985, un martes. | Je suis né en 1985, un mardi. | Ich bin 1985 geboren, an einem Dienstag. | Nasci em 1985, numa terça. | Sono nato nel 1985, di martedì. | 저는 1985년 화요일에 태어났어요.
See you next Friday, then. | Entonces hasta el viernes que viene. | À vendredi prochain, alors. | Dann bis nächsten Freitag. | Até sexta que vem, então. | Allora a venerdì prossimo. | 그럼 다음 주 금요일에 봐요.
We open Monday to Friday, nine to five. | Abrimos de lunes a viernes, de nueve a cinco. | On est ouverts du lundi au vendredi, de neuf à dix-sept heures. | Wir haben Montag bis Freitag von neun bis siebzehn Uhr geöffnet. | Abrimos de segunda a sexta, das nove às dezessete. | Siamo aperti dal lunedì al venerdì, dalle nove alle diciassette. | 월요일부터 금요일까지 아홉 시에서 다섯 시까지 열어요.
I may be wrong, but March was warmer. | Puede que me equivoque, pero marzo fue más cálido. | Je me trompe peut-être, mais mars était plus doux. | Vielleicht irre ich mich, aber der März war wärmer. | Posso estar errado, mas março foi mais quente. | Forse mi sbaglio, ma marzo era più caldo. | 제가 틀렸을 수도 있지만 3월이 더 따뜻했어요.
The Fourth of July is a big day for us. | El 4 de julio es un gran día para nosotros. | Le 4 juillet est un grand jour pour nous. | Der 4. Juli ist für uns ein großer Tag. | O Quatro de Julho é um grande dia para nós. | Il 4 luglio è un gran giorno per noi. | 7월 4일은 우리에게 중요한 날이에요.
You've got to be kidding me. | No puede ser. | C'est pas possible. | Das kann doch nicht wahr sein. | Não é possível. | Non è possibile. | 말도 안 돼.
I have to leave now or I'll miss the last train home. | Tengo que irme ya o pierdo el último tren a casa. | Je dois partir, sinon je rate le dernier train. | Ich muss los, sonst verpasse ich den letzten Zug. | Tenho que ir, senão perco o último trem. | Devo andare o perdo l'ultimo treno. | 지금 가야 막차를 안 놓쳐요.
Please keep this between the two of us, all right? | Que no salga de aquí, ¿vale? | Que ça reste entre nous, d'accord ? | Das bleibt unter uns, ja? | Que fique só entre nós, tá? | Che resti tra noi, va bene? | 우리끼리 비밀이에요, 알았죠?
Be careful with that vase, it was my grandmother's. | Cuidado con ese jarrón, no lo rompas, era de mi abuela. | Attention à ce vase, ne le casse pas, il était à ma grand-mère. | Pass auf die Vase auf, mach sie nicht kaputt, sie war von meiner Großmutter. | Cuidado com esse vaso, não o quebre, era da minha avó. | Attento a quel vaso, non romperlo, era di mia nonna. | 그 꽃병 조심해요, 깨지 마세요, 할머니 거예요.
I'd love to come but I'm busy all week. | Me encantaría ir, pero no puedo esta semana. | J'aimerais venir mais je ne peux pas cette semaine. | Ich würde gern kommen, aber ich kann diese Woche nicht. | Adoraria ir, mas não posso esta semana. | Mi piacerebbe venire, ma non posso questa settimana. | 가고 싶지만 이번 주는 안 돼요.
Everybody hates him, and you know exactly why. | Nadie lo soporta, y sabes muy bien por qué. | Personne ne le supporte, et tu sais très bien pourquoi. | Niemand kann ihn leiden, und du weißt genau, warum. | Ninguém o suporta, e você sabe muito bem por quê. | Nessuno lo sopporta, e sai benissimo perché. | 아무도 그를 좋아하지 않고, 왜 그런지 알잖아요.
It took me forever to find a parking spot. | No encontraba dónde aparcar. | Je ne trouvais pas de place pour me garer. | Ich habe ewig keinen Parkplatz gefunden. | Eu não achava vaga de jeito nenhum. | Non trovavo parcheggio. | 주차할 데를 못 찾아서 한참 걸렸어요.
What a shame the museum is closed today, my friend. | Qué pena que el museo no abra hoy, amigo. | Dommage que le musée n'ouvre pas aujourd'hui, mon ami. | Schade, dass das Museum heute nicht offen ist, mein Freund. | Que pena que o museu não abre hoje, amigo. | Peccato che il museo oggi non apra, amico mio. | 오늘 박물관이 안 열어서 아쉽네요, 친구.
Welcome to New York, the city that never sleeps. | Bienvenidos a Nueva York, la ciudad que nunca duerme. | Bienvenue à New York, la ville qui ne dort jamais. | Willkommen in New York, der Stadt, die niemals schläft. | Bem-vindos a Nova York, a cidade que nunca dorme. | Benvenuti a New York, la città che non dorme mai. | 잠들지 않는 도시 뉴욕에 오신 걸 환영합니다.
I read it in the Times on Sunday. | Lo leí en el Times el domingo. | Je l'ai lu dans le Times dimanche. | Ich habe es am Sonntag in der Times gelesen. | Li no Times no domingo. | L'ho letto sul Times domenica. | 일요일에 타임스에서 읽었어요.
My dog Rex ate the whole cake. | Mi perro Rex se comió la tarta entera. | Mon chien Rex a mangé tout le gâteau. | Mein Hund Rex hat den ganzen Kuchen gefressen. | Meu cachorro Rex comeu o bolo inteiro. | Il mio cane Rex ha mangiato tutta la torta. | 우리 개 렉스가 케이크를 다 먹었어요.
Do you know what, Peter? You were right. | ¿Sabes qué, Peter? Tenías razón. | Tu sais quoi, Peter ? Tu avais raison. | Weißt du was, Peter? Du hattest recht. | Sabe de uma coisa, Peter? Você tinha razão. | Sai una cosa, Peter? Avevi ragione. | 그거 알아, 피터? 네 말이 맞았어.
The CEO flew in from LA last night. | El director ejecutivo llegó anoche de Los Ángeles. | Le PDG est arrivé de Los Angeles hier soir. | Der Geschäftsführer ist gestern Abend aus Los Angeles eingeflogen. | O diretor-executivo chegou ontem à noite de Los Angeles. | L'amministratore delegato è arrivato ieri sera da Los Angeles. | CEO가 어젯밤 LA에서 날아왔어요.
Check your SMS, I sent you the PIN. | Mira tus mensajes, te mandé la clave. | Regarde tes textos, je t'ai envoyé le code. | Schau in deine Nachrichten, ich hab dir die Geheimzahl geschickt. | Olha suas mensagens, te mandei a senha. | Guarda i messaggi, ti ho mandato il codice. | 문자 확인해요, 비밀번호 보냈어요.
Let's watch something on TV, I'm tired. | Veamos algo en la tele, estoy cansado. | Regardons quelque chose à la télé, je suis fatigué. | Schauen wir was im Fernsehen, ich bin müde. | Vamos ver algo na TV, estou cansado. | Guardiamo qualcosa in TV, sono stanco. | TV나 봐요, 피곤해요.
Thirty is the new twenty, they say. | Dicen que los treinta son los nuevos veinte. | On dit que trente ans, c'est le nouveau vingt ans. | Dreißig ist das neue Zwanzig, sagt man. | Dizem que os trinta são os novos vinte. | Dicono che i trenta sono i nuovi venti. | 서른이 새로운 스물이라잖아요.
I need it by the end of the month, not sooner. | Lo necesito a fin de mes, no antes. | J'en ai besoin à la fin du mois, pas avant. | Ich brauche es zum Monatsende, nicht früher. | Preciso até o fim do mês, não antes. | Mi serve per fine mese, non prima. | 월말까지 필요해요, 더 일찍은 아니고요.
It's a two-hour drive, give or take. | Son unas dos horas en coche. | C'est à environ deux heures de route. | Das sind etwa zwei Stunden Fahrt. | São umas duas horas de carro. | Sono circa due ore di macchina. | 차로 두 시간 정도예요.
Wait a minute, that's my seat. | Un momento, ese es mi asiento. | Un instant, c'est ma place. | Moment mal, das ist mein Platz. | Espera aí, esse é o meu lugar. | Un attimo, quello è il mio posto. | 잠깐만요, 거기 제 자리예요.
We don't have all day, hurry up. | Date prisa, que es tarde. | Dépêche-toi, le temps presse. | Beeil dich, die Zeit drängt. | Anda logo, que está tarde. | Sbrigati, che è tardi. | 서둘러요, 시간이 급해요.
You never listen to me. | Siempre me ignoras. | Tu m'ignores toujours. | Du hörst mir nie zu. | Você sempre me ignora. | Mi ignori sempre. | 당신은 항상 나를 무시해요.
I can't stop thinking about it. | Sigo pensando en ello todo el tiempo. | J'y pense sans arrêt. | Ich muss ständig daran denken. | Fico pensando nisso o tempo todo. | Ci penso continuamente. | 자꾸 그 생각이 나요.
No one told me about the party. | A mí nadie me habló de la fiesta. | Personne ne m'a parlé de la fête. | Mir hat keiner von der Party erzählt. | Ninguém me falou da festa. | Nessuno mi ha parlato della festa. | 파티 얘기를 아무도 안 해 줬어요.
It doesn't work that way, buddy. | Las cosas funcionan de otra manera, amigo. | Ça marche autrement, mon pote. | So läuft das nicht, Kumpel. | As coisas funcionam de outro jeito, amigo. | Le cose funzionano diversamente, amico. | 그렇게 되는 게 아니야, 친구.
That makes no sense at all. | Eso es absurdo. | C'est absurde. | Das ist doch absurd. | Isso é um absurdo. | È assurdo. | 그건 터무니없어요.
I haven't slept in three days. | Llevo tres días sin dormir. | Ça fait trois jours que je n'ai pas dormi. | Ich habe seit drei Tagen nicht geschlafen. | Faz três dias que não durmo. | Non dormo da tre giorni. | 사흘째 잠을 못 잤어요.
It's not far, about ten blocks from here. | Está cerca, a unas diez manzanas. | C'est tout près, à une dizaine de rues. | Es ist ganz in der Nähe, etwa zehn Straßen weiter. | É pertinho, a uns dez quarteirões. | È vicino, a una decina di isolati. | 가까워요, 열 블록쯤이요.
Happy birthday! You don't look a day over thirty. | ¡Feliz cumpleaños! Pareces de treinta. | Joyeux anniversaire ! On te donnerait trente ans. | Alles Gute! Du siehst aus wie dreißig. | Feliz aniversário! Você parece ter trinta. | Buon compleanno! Ne dimostri trenta. | 생일 축하해! 서른 살로 보여.
I'm a hundred percent behind you on this one. | Te apoyo al cien por cien en esto. | Je te soutiens à cent pour cent. | Ich stehe hundertprozentig hinter dir. | Te apoio cem por cento nessa. | Ti appoggio al cento per cento. | 이건 백 퍼센트 네 편이야.
I don't remember where I put the keys. | He olvidado dónde puse las llaves. | J'ai oublié où j'ai mis les clés. | Ich hab vergessen, wo die Schlüssel sind. | Esqueci onde pus as chaves. | Ho scordato dove ho messo le chiavi.
Meet me at ten thirty by the gate. | Nos vemos a las diez y media en la puerta. | Retrouve-moi à dix heures et demie à la porte. | Triff mich um halb elf am Tor. | Me encontra às dez e meia no portão. | Ci vediamo alle dieci e mezza al cancello.
He didn't mean it, I promise you. | Lo hizo sin querer, te lo prometo. | C'était involontaire, je te promets. | Das war keine Absicht, versprochen. | Foi sem querer, eu prometo. | L'ha fatto senza volere, te lo prometto.
I haven't seen you in ages, man. | Cuánto tiempo sin verte, tío. | Ça fait une éternité, mec. | Lange her, Mann. | Há quanto tempo, cara. | È una vita che ci manchiamo, amico.
We don't sell that here anymore. | Ya no vendemos eso aquí. | On ne vend plus ça ici. | Das verkaufen wir hier nicht mehr. | A gente parou de vender isso aqui. | Qui non lo vendiamo più.
That's eleven ninety-nine with tax. | Son once noventa y nueve con impuestos. | Ça fait 11,99 taxes comprises. | Das macht 11,99 mit Steuer. | Dá 11,99 com imposto. | Fa 11,99 con le tasse.
See you in two weeks. | Nos vemos en quince días. | On se voit dans quinze jours. | Bis in vierzehn Tagen. | Até daqui a quinze dias. | Ci vediamo tra quindici giorni.
She won't be joining us tonight. | Esta noche ella falta. | Elle sera absente ce soir. | Sie ist heute Abend nicht dabei. | Ela vai faltar hoje à noite. | Stasera non sarà dei nostri.
You shouldn't have come here alone. | Has hecho mal en venir solo. | Tu as eu tort de venir seul. | Du hättest nicht allein kommen sollen. | Você fez mal em vir sozinho. | Hai fatto male a venire da solo.
It wasn't working so I called Dr. Evans. | Estaba averiado, así que llamé al doctor Evans. | C'était en panne, alors j'ai appelé le docteur Evans. | Es war kaputt, also rief ich Dr. Evans an. | Estava quebrado, então liguei pro doutor Evans. | Era rotto, così ho chiamato il dottor Evans.
I'm turning twenty-one on the ninth. | Cumplo 21 el día nueve. | J'ai 21 ans le 9. | Ich werde am Neunten einundzwanzig. | Faço vinte e um no dia 9. | Compio ventun anni il nove.
The year was nineteen sixty-nine. | Era el año 1969. | C'était en mille neuf cent soixante-neuf. | Es war das Jahr neunzehnhundertneunundsechzig. | Era o ano de 1969. | Era il millenovecentosessantanove.
Come on, Dad, it's half an hour away. | Venga, papá, está a treinta minutos. | Allez, papa, c'est à trente minutes. | Komm, Papa, das sind dreißig Minuten. | Vamos, pai, fica a trinta minutos. | Dai, papà, è a trenta minuti.
She lives on Fifth Avenue, apartment four B. | Vive en la Quinta Avenida, apartamento 4B. | Elle habite sur la Cinquième Avenue, appartement 4B. | Sie wohnt in der Fifth Avenue, Wohnung 4B. | Ela mora na Quinta Avenida, apartamento 4B. | Abita sulla Quinta Strada, interno 4B.
I can't hear you, the line is terrible. | Te oigo fatal, la línea va muy mal. | Je t'entends très mal, la ligne est affreuse. | Ich höre dich ganz schlecht, die Verbindung ist furchtbar. | Tô te ouvindo mal, a linha está péssima. | Ti sento malissimo, la linea è pessima.
I can't hear the music from here. | Desde aquí no oigo la música. | Je n'entends pas la musique d'ici. | Von hier höre ich die Musik nicht. | Daqui não ouço a música. | Da qui non sento la musica.
They didn't let us in without tickets. | Nos negaron la entrada sin boleto. | On nous a refusé l'entrée sans billet. | Ohne Karten ließ man uns nicht rein. | Barraram a gente sem ingresso. | Senza biglietti non ci hanno fatto entrare.
My brother weighs two hundred pounds. | Mi hermano pesa doscientas libras. | Mon frère pèse deux cents livres. | Mein Bruder wiegt zweihundert Pfund. | Meu irmão pesa duzentas libras. | Mio fratello pesa duecento libbre.
I think You Know Who did it, Miss Parker. | Creo que fue quien tú sabes, señorita Parker. | Je crois que c'est qui-vous-savez, mademoiselle Parker. | Ich glaube, es war Du-weißt-schon-wer, Miss Parker. | Acho que foi você-sabe-quem, senhorita Parker. | Credo sia stato tu-sai-chi, signorina Parker.
I would never do that to you. | Jamás te haría eso. | Je ne te ferais jamais ça. | Das würde ich dir nie antun. | Eu nunca faria isso com você. | Non te lo farei mai.
You haven't changed a bit, Tom. | Sigues igual que siempre, Tom. | Tu es toujours le même, Tom. | Du bist ganz der Alte, Tom. | Você continua igual, Tom. | Sei sempre lo stesso, Tom.
I couldn't sleep last night at all. | Anoche pasé la noche en vela. | J'ai passé une nuit blanche. | Ich lag die ganze Nacht wach. | Passei a noite em claro. | Ho passato la notte in bianco.
The bus comes every fifteen minutes. | El autobús pasa cada cuarto de hora. | Le bus passe tous les quarts d'heure. | Der Bus kommt jede Viertelstunde. | O ônibus passa a cada quinze minutos. | L'autobus passa ogni quarto d'ora.
Room twelve oh one, first floor. | Habitación 1201, primera planta. | Chambre 1201, premier étage. | Zimmer 1201, erster Stock. | Quarto 1201, primeiro andar. | Camera 1201, primo piano.
"""  # noqa: E501
SPOKEN_LANGUAGES = ("en", "es", "fr", "de", "pt-BR", "it", "ko")
SPOKEN = [tuple(line.split(" | ")) for line in _SPOKEN.strip().splitlines()]
"""Lines as people say them, and how they may well be dubbed; one column a language, the last is not always there."""
