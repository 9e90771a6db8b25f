import pytest

from resources.local.sentences import has_words
from resources.local.spoken_text import prepare_spoken_text


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en", "Mr. Smith paid $1,234.50.", "Mister Smith paid 1234.50 dollars."),
        ("en-GB", "Dr. Jones has £5.", "Doctor Jones has 5 pounds."),
        ("pt-BR", "A Sra. Souza pagou US $ 1.250,00.", "A senhora Souza pagou 1250,00 dólares."),
        ("es", "El Sr. Pérez llegó a las 15:30.", "El señor Pérez llegó a las 15 30."),
        ("fr", "M. Dupont et Mme. Durand : 12 €.", "monsieur Dupont et madame Durand : 12 euros."),
        ("it", "Il Sig. Rossi ha 2.500.000 €.", "Il signor Rossi ha 2500000 euro."),
        ("de", "Das kostet 5 €.", "Das kostet 5 €."),
        ("en", "1.5 and 2.250 stay", "1.5 and 2.250 stay"),
        ("pt-BR", "12,5 e 3,1416 ficam", "12,5 e 3,1416 ficam"),
        ("en", "It is 25 °C. 😀 → ok", "It is 25 °C. ok"),
        ("en", "<speak>Hello <break time='3s'/>there</speak>", "Hello there"),
        ("en", "5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
    ],
)
def test_text_is_written_as_it_is_said(language, written, spoken):
    assert prepare_spoken_text(written, language) == spoken


@pytest.mark.parametrize("text", ["", "😀🎉", "<br/>", "\x00\x01", "…"])
def test_nothing_is_left_of_what_cannot_be_said(text):
    assert not has_words(prepare_spoken_text(text, "en"))


def test_an_endless_tag_takes_no_endless_time():
    assert prepare_spoken_text("<a" * 20_000, "en")
