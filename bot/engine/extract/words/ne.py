"""Owns the Nepali words, in Devanagari and in Latin letters, for numbers, money, time, people and nations."""

from bot.engine.extract.words import Words

WORDS = Words(
    numbers={
        "0": "शून्य, सुन्य, sunya", "1": "एक, एउटा, एकजना, ek, euta, yeuta, aek", "1.5": "डेढ, डेड, dedh, ded, der",
        "2": "दुई, दुइ, दुइटा, दुईटा, दो, dui, duita, do, duwi", "2.5": "अढाई, अढाइ, adhai, arhai", "3": "तीन, तिन, तीनटा, tin, teen, tinta",
        "4": "चार, चारटा, char, chaar, chharta", "5": "पाँच, पांच, पाच, पाँचटा, panch, paanch, pach, paach", "6": "छ, छः, छह, छवटा, cha, chha, chhah, chah",
        "7": "सात, sat, saat", "8": "आठ, aath, aat, ath", "9": "नौ, nau, nao", "10": "दश, दस, das, dash, dus", "11": "एघार, एघाह्र, eghara, egara, egaara",
        "12": "बाह्र, बार्ह, barha, bahra, bahara", "13": "तेह्र, tehra, terha", "14": "चौध, चौद्ध, chaudha, chauda", "15": "पन्ध्र, पन्द्र, pandhra, pandra",
        "16": "सोह्र, sohra, sorha", "17": "सत्र, satra, sattra", "18": "अठार, अठाह्र, athara, atharha", "19": "उन्नाइस, उन्नाईस, unnais, unais",
        "20": "बीस, बिस, bis, bees", "21": "एक्काइस, ekkais, ekais", "22": "बाइस, bais, baais", "23": "तेइस, teis, teais", "24": "चौबीस, चौबिस, chaubis",
        "25": "पच्चीस, पच्चिस, pachis, pachhis, pachchis", "26": "छब्बीस, छब्बिस, chabbis, chhabbis", "27": "सत्ताइस, sattais",
        "28": "अट्ठाइस, अठ्ठाइस, atthais, athais", "29": "उनन्तीस, उनन्तिस, unantis", "30": "तीस, तिस, tis, tees", "31": "एकतीस, एकत्तिस, ektis",
        "32": "बत्तीस, बत्तिस, battis", "33": "तेत्तीस, तेत्तिस, tettis", "34": "चौंतीस, चौतिस, chautis", "35": "पैंतीस, पैंतिस, paintis, paitis",
        "36": "छत्तीस, छत्तिस, chattis, chhattis", "37": "सैंतीस, सैंतिस, saitis", "38": "अठतीस, अठतिस, athtis", "39": "उनन्चालीस, उनन्चालिस, unanchalis",
        "40": "चालीस, चालिस, chalis, chaalis", "41": "एकचालीस, ekchalis", "42": "बयालीस, bayalis", "43": "त्रिचालीस, trichalis", "44": "चवालीस, चौवालिस, chawalis",
        "45": "पैंतालीस, पैंतालिस, paitalis, paintalis", "46": "छयालीस, chhayalis", "47": "सतचालीस, satchalis", "48": "अठचालीस, athchalis",
        "49": "उनन्चास, unanchas", "50": "पचास, pachas, pachaas", "51": "एकाउन्न, ekaunna", "52": "बाउन्न, baunna", "53": "त्रिपन्न, tripanna", "54": "चौवन्न, chauwanna",
        "55": "पचपन्न, pachpanna", "56": "छपन्न, chhapanna", "57": "सन्ताउन्न, santaunna", "58": "अन्ठाउन्न, anthaunna", "59": "उनन्साठी, unansathi",
        "60": "साठी, saathi, sathi", "61": "एकसट्ठी", "62": "बयसट्ठी", "63": "त्रिसट्ठी", "64": "चौसट्ठी", "65": "पैंसट्ठी, paisatthi", "66": "छयसट्ठी", "67": "सतसट्ठी",
        "68": "अठसट्ठी", "69": "उनन्सत्तरी", "70": "सत्तरी, sattari", "71": "एकहत्तर", "72": "बहत्तर", "73": "त्रिहत्तर", "74": "चौहत्तर", "75": "पचहत्तर, pachhattar",
        "76": "छयहत्तर", "77": "सतहत्तर", "78": "अठहत्तर", "79": "उनासी", "80": "असी, अस्सी, asi, assi", "81": "एकासी", "82": "बयासी", "83": "त्रियासी", "84": "चौरासी",
        "85": "पचासी, pachasi", "86": "छयासी", "87": "सतासी", "88": "अठासी", "89": "उनान्नब्बे", "90": "नब्बे, nabbe", "91": "एकान्नब्बे", "92": "बयानब्बे", "93": "त्रियानब्बे",
        "94": "चौरानब्बे", "95": "पन्चानब्बे, panchanabbe", "96": "छयानब्बे", "97": "सन्तानब्बे", "98": "अन्ठानब्बे", "99": "उनान्सय, unansaya",
    },
    scales={100: "सय, सौ, saya, say, sau, sai", 1000: "हजार, हज़ार, hajar, hajaar, hazar, hazaar, hjr", 100_000: "लाख, lakh, laakh, lakhs",
            10_000_000: "करोड, करोड़, karod, crore", 1_000_000_000: "अर्ब, अरब, arab"},
    doubtful_numbers="छ, cha, chha, chah, sat, sathi, saathi, do, das, nau, tin, der, dus, bis, एउटा, euta, ath, char",
    conjunctions="र",
    halves="आधा, aadha, adha",
    articles="एक, गएको, gako, पुरा, pura",
    range_words="वा, या, देखि, ya, wa, dekhi, ki",
    units={
        (1, "day"): "दिन, दिनको, din, deen", (1, "week"): "हप्ता, हफ्ता, सप्ताह, hapta, hafta, saptaha",
        (1, "month"): "महिना, महीना, मैना, महिने, mahina, maina, mahinaa, mahine, mhina, mahena, maheena, tallab, talab, तलब",
        (1, "year"): "वर्ष, बर्ष, साल, barsa, barsha, varsha, saal, sal, warsa",
    },
    since="गएको, gayeko, gako",
    since_after="देखि, बाट, dekhi, dekhin, bata, yata, यता",
    ago="अघि, अगाडि, पहिले, aghi, agadi, pahile, agi",
    # Bikram Sambat months by the Gregorian month in which each begins: right within sixteen days.
    months={1: "माघ, magh, janwari", 2: "फागुन, फाल्गुन, fagun, phagun, falgun, फेब्रुअरी, february", 3: "चैत, चैत्र, chait, chaitra, मार्च",
            4: "वैशाख, बैशाख, baisakh, baishakh, अप्रिल", 5: "जेठ, जेष्ठ, jeth, jestha, मे", 6: "असार, आषाढ, asar, ashad, जुन", 7: "साउन, श्रावण, saun, shrawan, जुलाई",
            8: "भदौ, भाद्र, bhadau, bhadra, अगस्ट, अगस्त", 9: "असोज, आश्विन, asoj, ashwin, सेप्टेम्बर", 10: "कात्तिक, कार्तिक, kartik, kattik, अक्टोबर",
            11: "मंसिर, mangsir, mansir, नोभेम्बर", 12: "पुस, पौष, pus, poush, डिसेम्बर"},
    doubtful_months="मे, मई, pus, may, asar, mar",
    days={0: "आज, aaja, aja, अहिले, ahile, आजै, aajai", -1: "हिजो, hijo, हिजै, hijai, हिजो राति, hijo rati", -2: "अस्ति, asti, हिजो अस्ति, hijo asti",
          1: "भोलि, bholi, voli", 2: "पर्सि, parsi"},
    weekdays={0: "सोमवार, sombar, sombaar", 1: "मंगलवार, mangalbar, mangalbaar", 2: "बुधवार, budhbar, budhabar", 3: "बिहीवार, बिहिवार, bihibar", 4: "शुक्रवार, sukrabar, shukrabar",
              5: "शनिवार, sanibar, shanibar, sanibaar", 6: "आइतवार, आइतबार, aitabar, aaitabar, aitabaar"},
    year_cues="सन्, सन, साल, sal, saal, san, सम्वत, वि सं",
    people="जना, जनाको, जनालाई, जनाले, जन, मान्छे, मानिस, व्यक्ति, साथी, साथीहरू, कामदार, मजदुर, मजदुरहरू, नेपाली दाजुभाइ, jana, janaa, jna, manche, manchhe,"
    " manxe, manis, sathi haru, sathiharu, kamdar, majdur, logg, log",
    people_counted={
        1: "एक्लै, म मात्र, म मात्रै, eklai, ekla, ma matra, ma matrai, malai matra", 2: "म र मेरी श्रीमती, म र मेरो साथी, म र साथी, दुबै जना, dubai jana, ma ra mero sathi,"
        " ma ra sathi, ma ra mero srimati, ma ra mero bhai, म र मेरो भाइ",
    },
    we="हामी, हामीहरू, हामी जम्मा, hami, haami, hamiharu, hami jamma, hami total, जम्मा, jamma, hami haru",
    after_people="छौं, छौ, छन्, छ, यहाँ, फसेका, मात्र, मात्रै, chau, chhau, chhau yaha, chan, chhan, yaha, fasekaa, faseka, xau, xam, matra, matrai, thiyau, bhitra",
    besides_me="म र, म सँग, म संग, ma ra, ma sanga, mero, मेरो, ma sangai",
    currencies={
        "NPR INR PKR LKR": "रुपैयाँ, रुपियाँ, रुपैया, रूपैयाँ, रुपया, रु, rupaiya, rupaiyaa, rupiya, rupiyaa, rupaya, rupee, rupees, rupya, rs, ru, paisa",
        "NPR": "नेरू, नेपाली रुपैयाँ, nepali rupaiya, nepali rupiya, nrs, ने रु", "INR": "भारु, भारतीय रुपैयाँ, bharu, indian rupaiya, ic, भा रु",
        "SAR QAR OMR YER": "रियाल, रियल, रियालको, riyal, riyaal, real, riyel", "AED MAD": "दिराम, दिर्हाम, दिरहम, dirham, diram, dirram, dhiram",
        "KWD BHD JOD IQD": "दिनार, dinar, dinaar", "USD CAD AUD": "डलर, dollar, dolar, dallar", "MYR": "रिंगेट, रिङ्गेट, रिंगिट, ringgit, ringit, ringat",
        "BDT": "टाका, taka", "KRW": "वन", "JPY": "येन", "EUR": "युरो", "GBP": "पाउन्ड", "BRL": "रियाइस, reais",
    },
    countries={
        "NP": "नेपाली, नेपाल, नेपालीहरू, nepali, nepaali, napali, nepal, gorkhali, गोर्खाली", "IN": "भारतीय, भारत, इन्डियन, इन्डिया, हिन्दुस्तान, bharat, bharatiya, vartiya, bhartiya,"
        " indian, hindustani", "BD": "बंगलादेशी, बाङ्लादेशी, बंगाली, bangladesi, bangali", "PK": "पाकिस्तानी, pakistani", "LK": "श्रीलंकाली, श्रीलंकन, srilankan, shrilanka",
        "PH": "फिलिपिनो, फिलिपिन्स, filipino, filipins, philipins", "ID": "इन्डोनेसियन, indonesian", "MM": "बर्मेली, बर्मा, बर्मेज, म्यानमार, barma, barmeli", "CN": "चिनियाँ, चिनिया, chiniya, chin",
        "BT": "भुटानी, भुटान, bhutani, bhutan", "SA": "साउदी, साउदी अरब, साउदी अरेबिया, saudi, saudi arab, sauudi, saudi ma", "QA": "कतार, कतारी, katar, qatar, kataar",
        "AE": "यूएई, युएई, दुबई, यु ए ई, dubai, uae, यूएइ, इमिरेट्स", "KW": "कुवेत, कुवेती, kuwet, kuwait", "MY": "मलेसिया, मलेशिया, मलेसियन, malesiya, malaysiya, malesia, maleysia",
        "OM": "ओमान, ओमानी", "BH": "बहराइन, बहरिन, baharain, bahrain", "KR": "कोरिया, कोरियन, दक्षिण कोरिया, koriya, korea", "JP": "जापान, जापानी, japan, japani",
        "IL": "इजरायल, इजराइल, ijrail, izrail", "IQ": "इराक, इराकी", "EG": "इजिप्ट, मिश्र, egypt", "ET": "इथियोपिया, इथियोपियन", "US": "अमेरिका, अमेरिकी, america, amerika",
        "GB": "बेलायत, बेलायती, belayat, belaayat", "BR": "ब्राजिल, ब्राजिली, brajil", "LB": "लेबनान", "MV": "माल्दिभ्स, maldives", "PT": "पोर्चुगल", "RO": "रोमानिया", "PL": "पोल्यान्ड",
        "HR": "क्रोएसिया", "CY": "साइप्रस, saipras", "TR": "टर्की", "RU": "रसिया, रुसी, रूस",
        "": "चाड, चाडपर्व, माली",
    },
    languages={
        "en": "अंग्रेजी, अङ्ग्रेजी, इङ्लिस, इंग्लिश, इंग्लिस, angreji, angrezi, english, ingles, inglish", "es": "स्पेनिस, स्पेनिश, spanish", "ne": "नेपाली, nepali, nepaali, nepali bhasa, नेपाली भाषा",
        "ar": "अरबी, अरबिक, arabi, arbi, arabic", "hi": "हिन्दी, हिंदी, hindi", "bn": "बङ्गाली, बंगाली, bangla", "ur": "उर्दु", "fil": "फिलिपिनो",
    },
    negations="छैन, छैनौं, छैनन्, छैनौ, होइन, हैन, नाई, नाइँ, बुझ्दिन, बुझिन, आउँदैन, जान्दिन, सक्दिन, chaina, chhaina, chainau, chainan, chainam, xaina, haina, hoina, hoena, nai,"
    " bujhdina, bujdina, bujhina, aaudaina, audaina, aundaina, jandina, sakdina, na, bina, बिना",
    negations_after="छैन, होइन, हैन, बुझ्दिन, बुझिन, आउँदैन, जान्दिन, सक्दिन, chaina, chhaina, xaina, haina, hoina, bujhdina, bujdina, bujhina, aaudaina, audaina,"
    " aundaina, jandina, sakdina, nahi, nahin, नहीं, नहि",
    number_marks="नम्बर, नं, न, विकल्प, number, nambar, no",
    suffixes="मा, को, का, की, बाट, लाई, ले, देखि, सम्म, हरू, हरु, सँग, संग, वटा, ओटा, जना, ी, ीय, ली, नै, ma, ko, ka, ki, bata, lai, le, dekhi, samma, haru, sanga, wata, ota, jana, i",
)  # fmt: skip
