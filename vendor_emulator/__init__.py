"""The emulator of the three vendors: one HTTP application that speaks their wire shapes, keeps an invoice and can fail.

For tests and for trying the cloud engines by hand; the product itself never imports it. One address serves all three:
Deepgram and ElevenLabs at its root, OpenAI under ``/v1``.

What it hears, translates and says is real where the local engine can do it, and scripted where a test says so. The
wire shapes are those that the installed SDKs parse (deepgram-sdk 7.17, openai 3.54, elevenlabs 2.78).

It cannot prove:
    - the quality of the vendors' models: words, translations, voices and their lengths are not theirs;
    - that a prompt is obeyed: the emulator reads the one JSON document and knows nothing of instructions or glossary;
    - the real limits: concurrency, rates per minute, longest texts and files are what was written down once;
    - prices, how tokens are counted, when a prompt is cached, or whether a broken-off answer is billed: the invoice
      follows rules of its own, which are plausible and no more;
    - the real error bodies in every case, the vendors' networks, their CDNs, and HTTP/2.
"""
