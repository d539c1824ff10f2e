"""Months, weekdays and units in Russian and English, in the forms that people use. Pure."""

_MONTHS = {
    1: "january jan январь января январю январем январе",
    2: "february feb февраль февраля февралю февралем феврале",
    3: "march март марта марту мартом марте",
    4: "april apr апрель апреля апрелю апрелем апреле",
    5: "may май мая маю маем мае",
    6: "june июнь июня июню июнем июне",
    7: "july июль июля июлю июлем июле",
    8: "august aug август августа августу августом августе",
    9: "september sept sep сентябрь сентября сентябрю сентябрем сентябре",
    10: "october oct октябрь октября октябрю октябрем октябре",
    11: "november nov ноябрь ноября ноябрю ноябрем ноябре",
    12: "december dec декабрь декабря декабрю декабрем декабре",
}
_WEEKDAYS = {
    1: "monday mondays понедельник понедельника понедельнику понедельником понедельникам",
    2: "tuesday tuesdays вторник вторника вторнику вторником вторникам",
    3: "wednesday wednesdays среду средам",
    4: "thursday thursdays четверг четверга четвергу четвергом четвергам",
    5: "friday fridays пятница пятницу пятницы пятнице пятницей пятницам",
    6: "saturday saturdays суббота субботу субботы субботе субботой субботам",
    7: "sunday sundays воскресенье воскресенья воскресенью воскресеньем воскресеньям",
}
_UNITS = {
    "percent": "% percent процент процента проценту проценты процентов процентам процентами",
    "usd": "$ dollar dollars usd доллар доллара доллары долларов долларах долларам",
    "eur": "€ euro euros eur евро",
    "gbp": "£ pound pounds фунт фунта фунтов",
    "rub": "₽ ruble rubles rouble roubles rub рубль рубля рублей рублю рубли рублях руб р",
    "minute": "minute minutes min минута минуты минуту минут минутах мин",
    "hour": "hour hours часа часов часам часах",
    "day": "day days день дня дней дням",
    "week": "week weeks неделя недели неделю недель неделям неделях",
    "month": "month months месяц месяца месяцев месяцам месяце",
    "year": "year years год года году лет годов годам",
}


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {word: key for key, words in table.items() for word in words.split()}


MONTHS, WEEKDAYS = _by_word(_MONTHS), _by_word(_WEEKDAYS)
UNITS = {word: unit for unit, words in _UNITS.items() for word in words.split()}
