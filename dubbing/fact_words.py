"""Words that facts are told by: numbers, months, weekdays, units, currencies. Tables only.

All are folded as `dubbing.phrases.fold` writes them: no capitals, no accents. A word that ends in ``*`` stands for all
words that begin so. A language that is not here is not judged.
"""

from collections.abc import Mapping

LANGUAGES = ("en", "es", "fr", "it", "pt", "de", "ko")
"""Base languages that have words here, in the order of the tables' columns."""


def _number(start: int, words: str, *, step: int = 1) -> dict[str, int]:
    """Give consecutive values to words; forms of one value are joined by ``|``."""
    numbered = enumerate(words.split())
    return {form: start + step * place for place, forms in numbered for form in forms.split("|")}


def _tabulate(table: str) -> dict[str, dict[str, str]]:
    """Read rows of ``name: en | es | …`` into words by name and language."""
    rows = (line.split(":", 1) for line in table.strip().splitlines())
    return {
        name.strip(): {language: words.strip() for language, words in zip(LANGUAGES, row.split("|"), strict=True)}
        for name, row in rows
    }


NUMBER_WORDS: Mapping[str, Mapping[str, int]] = {
    "en": {
        **_number(
            0,
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen",
        ),
        **_number(20, "twenty thirty forty|fourty fifty sixty seventy eighty ninety", step=10),
        "dozen": 12,
    },
    "es": {
        **_number(
            0,
            "cero un|uno|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
            "dieciseis diecisiete dieciocho diecinueve veinte veintiun|veintiuno|veintiuna veintidos veintitres "
            "veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve",
        ),
        **_number(30, "treinta cuarenta cincuenta sesenta setenta ochenta noventa", step=10),
        **_number(
            100,
            "cien|ciento doscientos|doscientas trescientos|trescientas cuatrocientos|cuatrocientas "
            "quinientos|quinientas seiscientos|seiscientas setecientos|setecientas ochocientos|ochocientas "
            "novecientos|novecientas",
            step=100,
        ),
        "decena": 10,
        "docena": 12,
        "quincena": 15,
    },
    "fr": {
        **_number(
            0,
            "zero un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
            "dix-sept dix-huit dix-neuf vingt|vingts",
        ),
        **_number(
            30, "trente quarante cinquante soixante septante quatre-vingt|quatre-vingts|huitante nonante", step=10
        ),
        "dizaine": 10,
        "douzaine": 12,
        "quinzaine": 15,
        "vingtaine": 20,
        "trentaine": 30,
        "centaine": 100,
    },
    "it": {
        **_number(
            0,
            "zero un|uno|una due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici "
            "quindici sedici diciassette diciotto diciannove venti|vent",
        ),
        **_number(
            30,
            "trenta|trent quaranta|quarant cinquanta|cinquant sessanta|sessant settanta|settant ottanta|ottant "
            "novanta|novant",
            step=10,
        ),
        "decina": 10,
        "dozzina": 12,
        "centinaio": 100,
    },
    "pt": {
        **_number(
            0,
            "zero um|uma dois|duas tres quatro cinco seis sete oito nove dez onze doze treze quatorze|catorze quinze "
            "dezesseis|dezasseis dezessete|dezassete dezoito dezenove|dezanove vinte",
        ),
        **_number(30, "trinta quarenta cinquenta sessenta setenta oitenta noventa", step=10),
        **_number(
            100,
            "cem|cento duzentos|duzentas trezentos|trezentas quatrocentos|quatrocentas quinhentos|quinhentas "
            "seiscentos|seiscentas setecentos|setecentas oitocentos|oitocentas novecentos|novecentas",
            step=100,
        ),
        "dezena": 10,
        "duzia": 12,
    },
    "de": {
        **_number(
            0,
            "null ein|eins|eine|einen|einem|einer|eines zwei|zwo drei vier funf sechs sieben acht neun zehn elf zwolf "
            "dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn zwanzig",
        ),
        **_number(30, "dreissig vierzig funfzig sechzig siebzig achtzig neunzig", step=10),
        "dutzend": 12,
    },
}
"""Values of number words; German, Italian and French compounds are taken apart by `dubbing.fact_numbers`."""

MULTIPLIERS: Mapping[str, Mapping[str, int]] = {
    "en": {"hundred": 100, "thousand": 10**3, "grand": 10**3, "k": 10**3, "million": 10**6, "m": 10**6, "mn": 10**6,
           "billion": 10**9, "bn": 10**9, "trillion": 10**12},
    "es": {"mil": 10**3, "millon": 10**6, "millones": 10**6, "billon": 10**12, "billones": 10**12},
    "fr": {"cent": 100, "cents": 100, "mille": 10**3, "million": 10**6, "millions": 10**6, "milliard": 10**9,
           "milliards": 10**9, "billion": 10**12, "billions": 10**12},
    "it": {"cento": 100, "mille": 10**3, "mila": 10**3, "milione": 10**6, "milioni": 10**6, "miliardo": 10**9,
           "miliardi": 10**9, "bilione": 10**12, "bilioni": 10**12},
    "pt": {"mil": 10**3, "milhao": 10**6, "milhoes": 10**6, "bilhao": 10**9, "bilhoes": 10**9, "trilhao": 10**12,
           "trilhoes": 10**12, "biliao": 10**12, "bilioes": 10**12},
    "de": {"hundert": 100, "tausend": 10**3, "tsd": 10**3, "million": 10**6, "millionen": 10**6, "mio": 10**6,
           "milliarde": 10**9, "milliarden": 10**9, "mrd": 10**9, "billion": 10**12, "billionen": 10**12},
    "ko": {"십": 10, "백": 100, "천": 10**3, "만": 10**4, "억": 10**8, "조": 10**12},
    "ja": {"十": 10, "百": 100, "千": 10**3, "万": 10**4, "億": 10**8, "兆": 10**12},
    "zh": {"十": 10, "百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8},
}  # fmt: skip
"""What a number before these words is multiplied by."""

MAYBE_UNITS: Mapping[str, frozenset[str]] = {"en": frozenset({"grand"}), "fr": frozenset({"cents"})}
"""Multipliers that may also be what is counted: "two grand pianos", "vingt cents"."""

NUMBER_LINKS: Mapping[str, str] = {"en": "and", "es": "y", "fr": "et", "it": "e", "pt": "e", "de": "und"}
"""The word between the parts of one number."""

NOT_ALWAYS_NUMBERS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"dozen"}),
    "es": frozenset({"decena", "docena", "quincena"}),
    "fr": frozenset({"neuf", "six", "dizaine", "douzaine", "quinzaine", "vingtaine", "trentaine", "centaine"}),
    "it": frozenset({"sei", "sette", "vent", "decina", "dozzina", "centinaio"}),
    "pt": frozenset({"dezena", "duzia"}),
    "de": frozenset({"acht", "sieben", "dutzend"}),
}
"""Number words that also mean something else; they prove a number but are never asked for. "One" is such everywhere."""

ORDINALS: Mapping[str, Mapping[str, int]] = {
    "en": {
        **_number(
            1,
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
        ),
        "thirtieth": 30,
    },
    "de": {"erst": 1, "dritt": 3, "siebt": 7, "acht": 8},
}
"""English ordinals, and German ones that are not a number with an ending. They prove a number but ask for none."""

MONTHS = _tabulate("""
1: january jan | enero | janvier | gennaio | janeiro | januar janner | 1월
2: february feb | febrero | fevrier | febbraio | fevereiro | februar feber | 2월
3: march mar | marzo | mars | marzo | marco | marz | 3월
4: april apr | abril | avril | aprile | abril | april | 4월
5: may | mayo | mai | maggio | maio | mai | 5월
6: june jun | junio | juin | giugno | junho | juni | 6월
7: july jul | julio | juillet | luglio | julho | juli | 7월
8: august aug | agosto | aout | agosto | agosto | august | 8월
9: september sept sep | septiembre setiembre | septembre | settembre | setembro | september | 9월
10: october oct | octubre | octobre | ottobre | outubro | oktober | 10월
11: november nov | noviembre | novembre | novembre | novembro | november | 11월
12: december dec | diciembre | decembre | dicembre | dezembro | dezember | 12월
""")

WEEKDAYS = _tabulate("""
Monday: monday mondays | lunes | lundi lundis | lunedi | segunda-feira segundas-feiras | montag* | 월요일
Tuesday: tuesday tuesdays | martes | mardi mardis | martedi | terca-feira tercas-feiras | dienstag* | 화요일
Wednesday: wednesday wednesdays | miercoles | mercredi mercredis | mercoledi | quarta-feira quartas-feiras | mittwoch* | 수요일
Thursday: thursday thursdays | jueves | jeudi jeudis | giovedi | quinta-feira quintas-feiras | donnerstag* | 목요일
Friday: friday fridays | viernes | vendredi vendredis | venerdi | sexta-feira sextas-feiras | freitag* | 금요일
Saturday: saturday saturdays | sabado* | samedi samedis | sabato sabati | sabado* | samstag* sonnabend* | 토요일
Sunday: sunday sundays | domingo* | dimanche dimanches | domenica domeniche | domingo* | sonntag* | 일요일
""")  # noqa: E501

ROUND_HOURS = (
    "noon midday midnight mediodia medianoche midi minuit mezzogiorno mezzanotte meio-dia meia-noite mittag* "
    "mitternacht* 정오 자정 한밤"
)
PARTS_OF_HOURS = (
    "half quarter media cuarto cuartos demie demi quart quarts mezza mezzo quarto quarti meia halb viertel "
    "viertelstunde* dreiviertel 반"
)
"""With these a time may be told in words that are not judged."""

UNITS = _tabulate("""
km/h: km/h kph km kilomet* | km/h km kilometro* | km/h km kilomet* | km/h km chilometr* | km/h km quilometro* | km/h km stundenkilometer* kilometer* | km/h km 킬로
mph: mph mile miles | mph mi milla* | mph mi mille milles mile* | mph mi miglia miglio | mph mi milha* | mph mi meile* | mph mi 마일
km: km kilomet* | km kilometro* | km kilomet* | km chilometr* | km quilometro* | km kilometer* | km 킬로
cm: cm centimet* | cm centimetro* | cm centimet* | cm centimetr* | cm centimetro* | cm zentimeter* | cm 센티
mm: mm millimet* | mm milimetro* | mm millimet* | mm millimetr* | mm milimetro* | mm millimeter* | mm 밀리
metres: meter meters metre metres | m metro metros | m metre metres | m metro metri | m metro metros | m meter metern | m 미터
miles: mile miles | mi milla* | mi mile* mille* | mi miglia miglio | mi milha* | mi meile* | mi 마일
feet: ft foot feet | ft pie pies | ft pied pieds | ft piede piedi | ft pe pes | ft fuss fusse fussen | ft 피트
inches: inch inches | pulgada* | pouce* | pollic* | polegada* | zoll* | 인치
kg: kg kilo kilos kilogram* | kg kilo kilos kilogramo* | kg kilo kilos kilogramme* | kg chil* | kg quilo* | kg kilo kilos kilogramm* | kg 킬로
grams: gram grams | g gr gramo* | g gramme* | g grammo grammi | g grama* | g gramm* | g 그램
tons: ton tons tonne* | t tonelada* | t tonne* | t tonnellat* | t tonelada* | t tonne* | t 톤
pounds: pound pounds lb lbs £ gbp | lb lbs £ gbp libra* | lb £ gbp livre* sterling | lb £ gbp libbr* sterlin* | lb £ gbp libra* | lb £ gbp pfund* | lb £ gbp 파운드
ounces: oz ounce ounces | oz onza* | oz once* | oz oncia once | oz onca* | oz unze* | oz 온스
litres: liter liters litre litres | l litro* | l litre* | l litro litri | l litro* | l liter* | l 리터
ml: ml millilit* | ml mililitro* | ml millilitre* | ml millilitr* | ml mililitro* | ml milliliter* | ml 밀리
gallons: gallon gallons | gal galon* | gal gallon* | gal gallon* | gal galo* galao* | gal gallone* | gal 갤런
°C: °c celsius degree* | ° celsius centigrado* grado* | ° celsius degre* | ° celsius centigrad* grad* | ° celsius centigrado* grau* | ° celsius grad | ° 섭씨 도
°F: °f fahrenheit | °f fahrenheit | °f fahrenheit | °f fahrenheit | °f fahrenheit | °f fahrenheit | °f 화씨
degrees: ° degree degrees | ° grado* | ° degre* | ° grad* | ° grau* | ° grad | ° 도
percent: % percent | % porcien* | % pourcent* | % percent* | % porcent* | % prozent* hundertprozent* | % 퍼센트 프로
gigabytes: gb gigabyte* | gb giga* | go gb giga* | gb giga* | gb giga* | gb gigabyte* | gb 기가
megabytes: mb megabyte* | mb mega* | mo mb mega* | mb mega* | mb mega* | mb megabyte* | mb 메가
terabytes: tb terabyte* | tb tera* | to tb tera* | tb tera* | tb tera* | tb terabyte* | tb 테라
""")  # noqa: E501
"""By unit: one of the source language's words after a number asks for one of the target language's words. English has
no bare ``m`` here, which may be a million."""

TIME_UNITS = _tabulate("""
seconds: second seconds | segundo segundos | seconde secondes | secondo secondi | segundo segundos | sekunde* | 초
minutes: minute minutes min mins | minuto* min | minute* min | minuto minuti min | minuto* min | minute* min | 분
hours: hour hours | hora horas h | heure heures h | ora ore h | hora horas h | stunde* uhr h | 시간
days: day days week weeks | dia dias semana* | jour jours journee* semaine* | giorno giorni giornat* settiman* | dia dias semana* | tag tage tagen tags woche* | 일 하루 이틀 주
months: month months | mes meses | mois | mese mesi | mes meses | monat* | 월 달
years: year years | ano anos | an ans annee* | anno anni | ano anos | jahr* | 년 해
""")  # noqa: E501
"""Only one that became another is a mismatch. Days may be weeks: "two weeks" are "quince días" where people say so."""

SHAKY_UNITS = frozenset({"mille", "real", "won", "degree", "degrees", "bucks", "grand", "quid"})
"""Words of these tables that often mean something else; they prove a unit or a currency but are never asked for."""

CURRENCIES = _tabulate("""
R$: r$ brl real reais | r$ brl real reales | r$ brl real reals | r$ brl real reais | r$ brl real reais | r$ brl real reais | r$ brl 헤알
$: $ us$ a$ c$ usd dollar dollars bucks grand | $ us$ a$ c$ usd dolar* | $ us$ a$ c$ usd dollar* | $ us$ a$ c$ usd dollar* | $ us$ a$ c$ usd dolar* | $ us$ a$ c$ usd dollar* | $ us$ a$ c$ usd 달러
€: € eur euro euros grand | € eur euro* | € eur euro* | € eur euro | € eur euro* | € eur euro* | € eur 유로
£: £ gbp pound pounds sterling quid grand | £ gbp libra* esterlina* | £ gbp livre* sterling | £ gbp sterlin* libbr* | £ gbp libra* esterlina* | £ gbp pfund* | £ gbp 파운드
¥: ¥ jpy cny yen yuan | ¥ jpy cny yen yenes yuan* | ¥ jpy cny yen* yuan* | ¥ jpy cny yen yuan | ¥ jpy cny iene* yuan* | ¥ jpy cny yen yuan | ¥ jpy cny 엔 위안
₩: ₩ krw won | ₩ krw won wones | ₩ krw won* | ₩ krw won | ₩ krw won* | ₩ krw won | ₩ krw 원
₹: ₹ inr rupee* | ₹ inr rupia* | ₹ inr roupie* | ₹ inr rupi* | ₹ inr rupia* | ₹ inr rupie* | ₹ inr 루피
""")  # noqa: E501
