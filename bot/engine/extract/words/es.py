"""Owns the Spanish words for numbers, money, time, people and nations."""

from bot.engine.extract.words import Words

WORDS = Words(
    numbers={
        "0": "cero", "1": "uno, una, un", "2": "dos, un par de, par de", "3": "tres", "4": "cuatro, quatro", "5": "cinco, sinco", "6": "seis",
        "7": "siete", "8": "ocho", "9": "nueve", "10": "diez, dies", "11": "once", "12": "doce, una docena, docena", "13": "trece",
        "14": "catorce", "15": "quince", "16": "dieciséis, diez y seis", "17": "diecisiete", "18": "dieciocho", "19": "diecinueve",
        "20": "veinte, veinti", "21": "veintiuno, veintiún, veintiuna", "22": "veintidós", "23": "veintitrés", "24": "veinticuatro",
        "25": "veinticinco", "26": "veintiséis", "27": "veintisiete", "28": "veintiocho", "29": "veintinueve", "30": "treinta",
        "40": "cuarenta", "50": "cincuenta", "60": "sesenta", "70": "setenta", "80": "ochenta", "90": "noventa", "100": "cien, ciento",
        "200": "doscientos, doscientas", "300": "trescientos, trescientas", "400": "cuatrocientos, cuatrocientas",
        "500": "quinientos, quinientas", "600": "seiscientos, seiscientas", "700": "setecientos, setecientas",
        "800": "ochocientos, ochocientas", "900": "novecientos, novecientas",
    },
    scales={1000: "mil, miles", 1_000_000: "millón, millones"},
    doubtful_numbers="uno, una, un, par de",
    conjunctions="y",
    halves="medio, media",
    articles="un, una, último, el último, el pasado, todo el",
    range_words="a, o, ó, u",
    units={
        (1, "day"): "día, días, dia, dias", (1, "week"): "semana, semanas", (2, "week"): "quincena, quincenas",
        (1, "month"): "mes, meses, mensualidad, mensualidades, sueldos, salarios, salario", (1, "year"): "año, años, anio, anios",
    },
    since="desde, desde hace, de, hace, hase, después de, desde el mes de, a partir de, desde el, por",
    ago="hace, atrás, antes",
    months={9: "setiembre", 1: "ene", 8: "ago"},
    doubtful_months="mar, may, ago",
    days={0: "hoy, ahora, ahorita, esta mañana, esta noche, hoy día", -1: "ayer, anoche, ayer noche", -2: "anteayer, antier, antes de ayer",
          1: "mañana", 2: "pasado mañana",
          },
    year_cues="en, desde, del, año, el, de, hasta",
    people="personas, persona, trabajadores, trabajadoras, trabajador, compañeros, compañeras, compañero, amigos, amigas, amigo, hombres, mujeres,"
    " niños, niñas, hijos, hijas, hijo, hija, familiares, familias, adultos, gentes, obreros, migrantes, empleados, muchachos, bebés, señoras,"
    " paisanos, hermanos, hermanas, de nosotros, de nosotras, en total",
    people_counted={
        1: "solo yo, sólo yo, yo solo, yo sola, estoy solo, estoy sola, solamente yo, nadie más, solito, solita, solo, sola",
        2: "mi esposa y yo, mi esposo y yo, yo y mi esposa, yo y mi esposo, yo y mi amigo, yo y mi hermano, mi hijo y yo, mi hija y yo,"
        " mi hermano y yo, los dos, las dos, ambos",
    },
    we="somos, estamos, hay, eramos, somos como, somos unos, somos unas, en total, quedamos, estamos como",
    after_people="aquí, en, atrapados, adentro, dentro, con, de, y, pero, todos, juntos, ahora, sin, en total, total, que, varados, heridos",
    besides_me="yo y, yo más, yo con, conmigo y",
    currencies={
        "SAR QAR OMR YER": "riyal, riyales, rial, riales", "AED MAD": "dírham, dirhams, dirhames", "KWD BHD JOD IQD": "dinar, dinares",
        "INR NPR PKR LKR": "rupia, rupias", "PHP MXN COP ARS CLP DOP UYU CUP": "peso, pesos, varos", "USD": "dólar, dólares, dolares, dolar",
        "EUR": "euro, euros", "BRL": "real, reales, reais, reais brasileños", "PEN": "soles", "BOB": "bolivianos, pesos bolivianos",
        "VES": "bolívares, bolívar", "GTQ": "quetzales, quetzal", "HNL": "lempiras, lempira", "PYG": "guaraníes, guaraní",
        "CRC": "colones", "NIO": "córdobas, córdoba", "GBP": "libra, libras", "JPY": "yenes", "CLP": "pesos chilenos",
        "COP": "pesos colombianos", "MXN": "pesos mexicanos", "ARS": "pesos argentinos", "DOP": "pesos dominicanos",
    },
    countries={
        "NP": "nepalí, nepalés, nepalesa, nepaleses, nepalíes", "IN": "indio, india, indios, hindú", "BD": "bangladesí, bangladeshí, bengalí",
        "PK": "pakistaní, pakistaníes, paquistaní", "PH": "filipino, filipina, filipinos, filipinas", "ID": "indonesio, indonesia, indonesios",
        "LK": "esrilanqués, cingalés", "EG": "egipcio, egipcia, egipcios", "SY": "sirio, siria, sirios", "MA": "marroquí, marroquíes",
        "VE": "venezolano, venezolana, venezolanos, venezolanas, veneco, chamo", "CO": "colombiano, colombiana, colombianos, colombianas",
        "PE": "peruano, peruana, peruanos, peruanas", "BO": "boliviano, boliviana, bolivianas", "EC": "ecuatoriano, ecuatoriana, ecuatorianos",
        "CU": "cubano, cubana, cubanos", "HT": "haitiano, haitiana, haitianos, haití", "DO": "dominicano, dominicana, dominicanos,"
        " república dominicana, rep dominicana", "HN": "hondureño, hondureña, hondureños, catracho",
        "GT": "guatemalteco, guatemalteca, guatemaltecos, chapín", "SV": "salvadoreño, salvadoreña, salvadoreños, salvador, el salvador, guanaco",
        "NI": "nicaragüense, nicaragüenses, nica", "PY": "paraguayo, paraguaya, paraguayos", "AR": "argentino, argentina, argentinos",
        "CL": "chileno, chilena, chilenos", "UY": "uruguayo, uruguaya", "MX": "mexicano, mexicana, mexicanos, méjico", "PA": "panameño, panameña",
        "CR": "costarricense, tico, tica", "ES": "español, española, españoles", "US": "eeuu, ee uu, e e u u, estadounidense, americano,"
        " estados unidos de américa, gringo", "BR": "brasileño, brasileña, brasilero, brasilera, brazil", "SA": "saudí, arabia, saudita",
        "AE": "emiratos, los emiratos, dubái", "QA": "catarí, qatarí", "TR": "turco, turca, turcos", "CN": "chino, chinos", "UA": "ucraniano, ucraniana",
        "RO": "rumano, rumana, rumanos", "RU": "ruso, rusa", "NG": "nigeriano, nigeriana", "NE": "nigerino, nigerina", "SN": "senegalés, senegalesa",
        "GN": "guineano", "GQ": "ecuatoguineano, guineano ecuatorial", "GB": "inglés, inglaterra, gran bretaña, británico",
        "AO": "angoleño", "CD": "congoleño", "PT": "portugués", "FR": "francés, francesa", "IT": "italiano, italiana", "DE": "alemán, alemana",
        "KR": "corea, coreano", "JP": "japonés", "LB": "libanés, libanesa", "PS": "palestino, palestina", "AF": "afgano, afgana",
        "": "nuevo méxico, américa del sur, américa latina, mi granada, dinero peruano, china poblana",
    },
    languages={
        "en": "inglés, ingles", "es": "español, espanol, castellano, castelhano", "ne": "nepalí, nepalés", "ar": "árabe",
        "pt": "portugués", "fr": "francés", "hi": "hindi", "bn": "bengalí", "fil": "tagalo, filipino",
    },
    negations="no, nunca, ni, tampoco, sin, nada, jamás, ninguno",
    number_marks="número, numero, num, nro, opción, opcion, la, el, la opción, respuesta, elijo, escojo",
    suffixes="s",
)  # fmt: skip
