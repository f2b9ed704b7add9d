"""Owns the Arabic words (standard, spoken, in Latin letters) for numbers, money, time, people and nations."""

from bot.engine.extract.words import Words

WORDS = Words(
    numbers={
        "0": "صفر, sifr",
        "1": "واحد, واحدة, وحدة, wahed, wahid, wa7ed, wa7id, wahda, wa7da",
        "2": (
            "اثنين, اثنان, إثنين, تنين, اتنين, ثنين, اثنتين, جوز, itnein, tnein, etnen, "
            "itneen, ithnain, tnen, ethnin, thnein, tneen, etnein"
        ),
        "3": ("ثلاثة, ثلاث, تلاتة, تلات, تلت, تلاته, talata, thalatha, tlata, tlat, talat, tlete, tlateh, thalath"),
        "4": "أربعة, أربع, اربعه, arbaa, arba3a, arba3, arbe3a, arba, 2arba3a",
        "5": "خمسة, خمس, خمسه, khamsa, 5amsa, khamse, 5amse, khams, 5ams",
        "6": "ستة, ست, سته, sitta, sette, sitte, setta, sitt",
        "7": "سبعة, سبع, سبعه, sab3a, sabaa, sab3, sab3e, saba",
        "8": ("ثمانية, ثماني, ثمان, تمانية, تمنية, تمن, tamanya, thamania, tmanye, tamania, thamanya, tmenye"),
        "9": "تسعة, تسع, تسعه, tis3a, tes3a, tisaa, tis3, tes3",
        "10": "عشرة, عشر, عشره, 3ashra, ashra, 3ashara, 3ashr, 3asharah",
        "11": ("أحد عشر, إحدى عشرة, حداشر, احدعش, احداشر, hdashar, 7dash, 7idashar, hidashar"),
        "12": "اثنا عشر, اثني عشر, اتناشر, اطنعش, اثنعش, tnash, itnashar, etnashar",
        "13": "ثلاثة عشر, ثلاث عشرة, تلتاشر, تلطعش, ثلطعش, talattashar",
        "14": "أربعة عشر, أربع عشرة, اربعتاشر, اربعطعش, arba3tashar",
        "15": "خمسة عشر, خمس عشرة, خمستاشر, خمسطعش, khamastashar, 5amastashar",
        "16": "ستة عشر, ستاشر, سطعش, sittashar",
        "17": "سبعة عشر, سبعتاشر, سبعطعش, saba3tashar",
        "18": "ثمانية عشر, تمنتاشر, ثمنطعش, tamantashar",
        "19": "تسعة عشر, تسعتاشر, تسعطعش, tisa3tashar",
        "20": "عشرون, عشرين, 3eshrin, ishrin, 3ishrin, 3eshreen, eshreen, 3ishreen",
        "30": "ثلاثون, ثلاثين, تلاتين, talatin, thalathin, tlatin, talateen, thalatheen",
        "40": "أربعون, أربعين, arba3in, arbain, arba3een",
        "50": "خمسون, خمسين, khamsin, 5amsin, khamseen, 5amseen",
        "60": "ستون, ستين, sittin, sitteen",
        "70": "سبعون, سبعين, sab3in, sab3een",
        "80": "ثمانون, ثمانين, تمانين, tamanin, thamanin, tmanin, tamaneen",
        "90": "تسعون, تسعين, tis3in, tes3in, tis3een",
        "200": "مئتين, مئتان, مائتين, مائتان, ميتين, mitein, miten, meeten, mitayn",
        "300": "ثلاثمئة, ثلاثمائة, ثلاثمية, تلتمية, تلتميه, toltomeya, tlatmiye",
        "400": "أربعمئة, أربعمائة, اربعمية, ربعمية, rob3omeya, arba3miye",
        "500": "خمسمئة, خمسمائة, خمسمية, khomsomeya, khamsmiye, 5amsmiye",
        "600": "ستمئة, ستمائة, ستمية, sottomeya",
        "700": "سبعمئة, سبعمائة, سبعمية, sob3omeya",
        "800": "ثمانمئة, ثمانمائة, ثمانمية, تمنمية, tomnomeya",
        "900": "تسعمئة, تسعمائة, تسعمية, tos3omeya",
        "2000": "ألفين, ألفان, alfein, alfen, alfain, alfeen",
        "2000000": "مليونين, مليونان, milyonein",
    },
    scales={
        100: "مئة, مائة, مية, ميه, ميت, miya, meya, mia, miyeh, miyya, mit",
        1000: "ألف, آلاف, ألفا, تلاف, الاف, alf, alaf, talaf, aalaf, elf",
        1_000_000: "مليون, ملايين, milyon, malyon, malayin",
    },
    doubtful_numbers=(
        "واحد, واحدة, وحدة, wahed, wahid, wa7ed, wa7id, wahda, wa7da, arba, saba, جوز, ست, sitt, mit, ashra"
    ),
    conjunctions="و, w, wa, o",
    halves="نصف, نص, nos, nuss, nus, noss",
    articles="آخر, كامل, akher",
    range_words="أو, او, إلى, الى, لـ, aw, ila, walla, ولا",
    units={
        (1, "day"): "يوم, أيام, يوما, ايام, yom, youm, ayam, ayyam, yawm",
        (1, "week"): "أسبوع, أسابيع, اسبوع, جمعة, usbu3, osbo3, osboo3, asabi3, isbou3, usbou3",
        (1, "month"): (
            "شهر, أشهر, شهور, شهرا, اشهر, تشهر, shahr, shaher, ashhor, shhour, shohour, "
            "shuhur, shhor, ashhur, chahr, sha7r, shhr, tushhur, shohor, shhoor, ashor"
        ),
        (1, "year"): ("سنة, سنوات, سنين, عام, أعوام, عاما, سنه, sana, sene, seneh, snin, sneen, sanawat, sneh, sinin"),
    },
    duals={
        (2, "day"): "يومين, يومان, yomein, yomen, youmein, yawmayn",
        (2, "week"): "أسبوعين, أسبوعان, osbo3en, usbu3ayn, osbo3ein, esbo3en",
        (2, "month"): "شهرين, شهران, شهرينه, shahrein, shahren, shahrayn, shahreen, chahrin",
        (2, "year"): "سنتين, سنتان, عامين, عامان, sanatein, santen, sintein, sentein, sanatain",
    },
    singulars="أسبوع, اسبوع, شهر, سنة, عام, usbu3, osbo3, osboo3, shahr, shaher, chahr, sana, sene",
    pay="راتب, رواتب, معاش, معاشات, rateb, ratib, rawatib, ma3ash",
    since=(
        "منذ, من, مند, منذ شهر, من شهر, من بداية, mn, men, min, monz, mundhu, mon4u, mindu, mn shahr, men shahr, منو"
    ),
    ago="قبل, من, منذ, abl, qabl, 2abl, gabl",
    months={
        1: "يناير, كانون الثاني, جانفي, yanayer, kanoun tani",
        2: "فبراير, شباط, فيفري, febrayer, shbat, shubat",
        3: "مارس, آذار, ادار, maris, azar",
        4: "أبريل, ابريل, نيسان, أفريل, abril, nisan",
        5: "مايو, أيار, ماي, mayo, ayar",
        6: "يونيو, حزيران, جوان, yonyo, yunyu, 7zeran, hzeran",
        7: "يوليو, تموز, جويلية, yolyo, yulyu, tammouz",
        8: "أغسطس, آب, أوت, aghostos, aghustus, ab",
        9: "سبتمبر, أيلول, september, eylul, aylul",
        10: "أكتوبر, تشرين الأول, oktober, october",
        11: "نوفمبر, تشرين الثاني, november",
        12: "ديسمبر, كانون الأول, december",
    },
    doubtful_months="آب, ماي, ab, azar, أوت, may, مايو, جوان, mayo",
    weekdays={
        0: "الاثنين, etnein, litnen",
        1: "الثلاثاء, التلات, talat",
        2: "الاربعاء, الأربعا, arbi3a",
        3: "الخميس, khamis, 5amis, elkhamis",
        4: "الجمعة, gom3a, jum3a, jom3a",
        5: "السبت, sabt, elsabt",
        6: "الأحد, الحد, el a7ad, ahad",
    },
    days={
        0: (
            "اليوم, الان, الآن, هسه, هلأ, دلوقتي, النهارده, النهاردة, الحين, هلق, "
            "el yom, alyom, elyom, lyom, ennaharda, hala2, halla2, al7in"
        ),
        -1: (
            "أمس, امس, مبارح, امبارح, إمبارح, البارحة, البارح, mbare7, embare7, imbarih, "
            "mbareh, embareh, ams, ilbare7, elbareh"
        ),
        -2: ("أول أمس, اول امس, أول مبارح, أول امبارح, awal mbare7, awel embare7, قبل أمس"),
        1: "بكرة, بكره, غدا, باكر, bukra, bokra, baker",
        2: "بعد بكرة, بعد غد, ba3d bukra",
    },
    year_cues="سنة, عام, في, من, منذ, sanat, 3am, fi, men, min, mn",
    people=(
        "أشخاص, شخص, اشخاص, عمال, عامل, عاملا, شخصا, نفر, أنفار, انفار, ناس, رجال, نساء, "
        "أطفال, اطفال, طفل, أفراد, افراد, فرد, أصحاب, زملاء, اصدقاء, أصدقاء, بنات, "
        "نسوان, شباب, عاملات, عاملة, أولاد, ولاد, ashkhas, ash5as, shakhs, sha5s, nafar, "
        "3ommal, 3omal, 3ummal, ommal, nas, atfal, rjal, as7ab, ashab, anfar, banat, "
        "shabab, 3amel, wlad"
    ),
    people_counted={
        1: (
            "لوحدي, لحالي, وحدي, بمفردي, أنا فقط, انا بس, انا لوحدي, la7ali, lahali, "
            "lwa7di, wa7di, wahdi, lawahdi, ana bas, lw7di"
        ),
        2: (
            "شخصين, شخصان, عاملين اثنين, نفرين, طفلين, أنا وزوجتي, انا وزوجي, "
            "أنا وصديقي, انا ومراتي, انا وجوزي, أنا وصاحبي, انا واخوي, انا واختي, "
            "انا ومرتي, انا واخي, shakhsein, sha5sein, nafaren, ana w marti, "
            "ana wa zawjati, ana w sa7bi, ana w sahbi, ana w zoji, احنا الاثنين, "
            "احنا الاتنين"
        ),
    },
    we=(
        "نحن, احنا, إحنا, نحنا, حنا, عددنا, يوجد, معنا, ن7ن, n7na, ne7na, e7na, "
        "ehna, ihna, i7na, nahnu, nehna, 3adadna, نحن حوالي, احنا حوالي, وعددنا"
    ),
    after_people=(
        "هنا, في, محاصرين, عالقين, عالقون, محاصرون, و, داخل, جوا, هون, بالبيت, فقط, بس, "
        "hon, hena, hina, fi, w, bas, m7asrin, 3al2in, gowa"
    ),
    besides_me="أنا و, انا و, معي, معايا, ana w, ana wa, ma3i, ma3aya, أنا مع, انا مع",
    currencies={
        "SAR QAR OMR YER": "ريال, ريالات, ريالا, ريالين, riyal, riyalat, rial",
        "AED MAD": "درهم, دراهم, درهما, dirham, derham, darahem, drahem",
        "KWD BHD JOD IQD TND DZD LYD": "دينار, دنانير, دينارا, dinar, dananir",
        "EGP SDG": "جنيه, جنيهات, جنيها, جنية, geneh, gnih, gineh, guineh, ginih",
        "LBP SYP TRY": "ليرة, ليرات, ليره, lira, lirat, lera",
        "USD": "دولار, دولارات, دولارا, dolar, dollar, dular, dolarat",
        "EUR": "يورو, euro",
        "GBP": "باوند",
        "INR PKR NPR LKR": "روبية, روبيه, روبيات, rubeya, rubiya",
        "BRL": "ريال برازيلي",
        "PHP": "بيسو",
        "BDT": "تاكا, تكا",
    },
    countries={
        "NP": "نيبالي, نيبالية, نيباليين, نبالي, نبال, nibali, nepali",
        "IN": "هندي, هندية, هنود, الهند, hindi, hendi, hind, el hind, al hind",
        "BD": "بنغلاديشي, بنغالي, بنجلاديش, بنجلاديشي, بنغلادش, بنجالي, bangali",
        "PK": "باكستاني, باكستانية, bakistan, bakistani",
        "LK": "سريلانكي, سيرلانكا, سيريلانكا, سريلانكية, سيلان",
        "PH": "فلبيني, فلبينية, فلبينيين, الفلبين, فليبيني, filbini, felbin, filibin",
        "ID": "اندونيسي, اندونيسية, اندونيسيا, andonisi",
        "ET": "اثيوبي, أثيوبية, حبشي, حبشية, الحبشة, اثيوبيا, habashi, ethyopi",
        "ER": "اريتري, إريترية, اريتريا",
        "KE": "كيني, كينية",
        "UG": "اوغندي, أوغندية, اوغندا",
        "SD": "سوداني, سودانية, سودانيين, السودان, sudani, soudani, sodani, sudan",
        "EG": ("مصري, مصرية, مصريين, مصر, masri, masry, masr, misr, masriya, masreya, misri, مصاروة"),
        "SY": "سوري, سورية, سوريين, سوريا, suri, soori, souri, sourya, surya, suriya",
        "YE": "يمني, يمنية, يمنيين, اليمن, yamani, yemani, yaman",
        "JO": "اردني, أردنية, اردنيين, الاردن, ordoni, urduni, ordon, urdun",
        "LB": ("لبناني, لبنانية, لبنانيين, لبنان, lubnani, lebnani, libnani, lubnan, lebnan"),
        "IQ": "عراقي, عراقية, عراقيين, العراق, iraqi, 3iraqi, 3ira2i, 3iraq",
        "PS": ("فلسطيني, فلسطينية, فلسطينيين, فلسطين, غزة, falastini, falasteen, filistini, felestin, falastin"),
        "MA": "مغربي, مغربية, مغاربة, المغرب, maghrebi, maghribi, maghreb, maghrib",
        "TN": "تونسي, تونسية, tounsi, tunsi, tounes",
        "DZ": "جزائري, جزائرية, الجزائر, jazairi, jaza2er",
        "LY": "ليبي, ليبية",
        "SA": ("سعودي, سعودية, السعودية, المملكة العربية السعودية, المملكة, saudi, so3odi, saudia, so3odeya, seoudia"),
        "AE": "امارات, الامارات, اماراتي, دبي, emarat, imarat, el emarat, emirati, dubai",
        "QA": "قطري, قطرية, قطر, qatar, gatar, 2atar",
        "KW": "كويتي, كويتية, الكويت, kuwait, kweit, kwait",
        "BH": "بحريني, البحرين, bahrain, ba7rain",
        "OM": "عماني, عمانية, سلطنة عمان, oman, 3oman, 3umani",
        "TR": "تركي, تركية, اتراك, turki, turkia, tourkia",
        "SO": "صومالي, صومالية, الصومال, somali, soumal",
        "AF": "افغاني, أفغانية, افغان",
        "NG": "نيجيري, نيجيرية, نيجيريا",
        "NE": "نيجري, النيجر",
        "GH": "غاني",
        "CM": "كاميروني",
        "SN": "سنغالي",
        "ML": "مالية الجنسية, دولة مالي",
        "TH": "تايلندي, تايلاند, تايلندية",
        "MM": "بورما, بورمي, ميانمار",
        "VN": "فيتنامي, فييتنام",
        "CN": "صيني, صينية, الصين",
        "US": "امريكي, أمريكا, امريكا, امريكية, amrika, amerika",
        "GB": "بريطاني, بريطانيا, انجلترا, britania",
        "BR": "برازيلي, البرازيل",
        "KR": "كوري, كوريا",
        "IR": "ايراني, إيرانية, ايران",
        "GN": "غيني, غينيا",
        "TD": "تشادي",
        "DJ": "جيبوتي",
        "SS": "جنوب السودان, جنوب سوداني",
        "": ("مالي, كوبي, كينا, بمالي, ومالي, كوب, mali, ولي العهد, هند صديقتي, surya namaskar, بنما شركة"),
    },
    languages={
        "en": (
            "انجليزي, انكليزي, إنجليزية, الانجليزي, انجليزى, english, inglizi, engilizi, ingilizi, englizi, inglisi"
        ),
        "es": "اسباني, إسبانية, الاسبانية, اسبنيولي, espani, spani, isbani",
        "ne": "نيبالي, نيبالية, nibali, nepali",
        "ar": (
            "عربي, عربية, العربي, بالعربي, عربى, arabi, 3arabi, 3rabi, arabiya, "
            "bel 3arabi, belarabi, bil3arabi, 3araby, araby"
        ),
        "hi": "هندي, هندية",
        "ur": "اردو, أوردو, urdu",
        "bn": "بنغالي, بنغالية",
        "fr": "فرنسي, فرنسية",
        "fil": "فلبيني",
        "am": "امهري, أمهرية",
        "id": "اندونيسي",
    },
    negations=(
        "لا, لأ, مش, مو, مب, ما, ليس, ليست, لست, لسنا, غير, بدون, لم, لن, ولا, ماني, "
        "منيش, مهوش, موب, مافي, مفيش, ماكو, la, la2, mish, msh, mesh, mu, mo, mafi, "
        "mafish, ma, lays, laysa, lesa, bidoun, bedoun, ghair, gher"
    ),
    kin="زوجتي, زوجي, امي, ابي, ابني, بنتي, اخي, اختي, عائلتي, مراتي, جوزي, marti, zoji, ibni, binti",
    ordinals={
        1: "الأول, الأولى, اول, awal, el awal",
        2: "الثاني, الثانية, التاني, el tani",
        3: "الثالث, الثالثة, التالت, el talet",
        4: "الرابع, الرابعة, el rabe3",
    },
    number_marks="رقم, الرقم, نمرة, خيار, الخيار, ra2m, raqm, rakam, لو سمحت, من فضلك, اريد, بدي, law sama7t, please",
    prefixes=("و, ف, ب, ل, ك, ال, وال, بال, لل, فال, كال, وب, ول, ولل, وبال, من ال, el, al, il"),
    suffixes="ي, يه, يين, يون, يات, ات",
)
