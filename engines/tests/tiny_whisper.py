"""A Whisper of toy size with random weights: nonsense words, but faster-whisper's real code.

Made with ctranslate2.specs and tokenizers alone; about 1 MB; the same for the same seed.
"""

import json
from pathlib import Path

import numpy as np
from ctranslate2.specs import whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, MELS = 32, 2, 80
WORDS = 500
LANGUAGES = ("en", "ru", "de")
_SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nocaptions|>",
    "<|notimestamps|>",
]


def build(folder: Path, *, seed: int = 1) -> Path:
    """Write model.bin, config.json, vocabulary.json and tokenizer.json; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    names = [tokenizer.id_to_token(number) for number in range(tokenizer.get_vocab_size())]
    spec = whisper_spec.WhisperSpec(1, HEADS, 2, HEADS)
    spec.config.lang_ids = [names.index(f"<|{language}|>") for language in LANGUAGES]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [names.index("<|endoftext|>")]
    spec.config.alignment_heads = [[1, 0], [1, 1]]
    _Weights(seed).fill(spec, names)
    spec.register_vocabulary(names)
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder


def _tokenizer() -> Tokenizer:
    moments = [f"<|{number * 0.02:.2f}|>" for number in range(1501)]
    plain = sorted(pre_tokenizers.ByteLevel.alphabet())
    # CTranslate2 takes a Whisper for multilingual when its vocabulary has an empty token.
    plain += [*(f"\u0120word{number}" for number in range(WORDS)), ""]
    tokenizer = Tokenizer(
        models.BPE(vocab={text: number for number, text in enumerate(plain)}, merges=[])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in _SPECIAL])
    tokenizer.add_tokens([AddedToken(name, special=False) for name in moments])
    return tokenizer


class _Weights:
    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def fill(self, spec: whisper_spec.WhisperSpec, names: list[str]) -> None:
        words = len(names)
        self._fill_encoder(spec.encoder)
        decoder = spec.decoder
        decoder.embeddings.weight = self._some(words, WIDTH)
        decoder.position_encodings.encodings = self._some(448, WIDTH)
        self._norm(decoder.layer_norm)
        decoder.projection.weight = self._some(words, WIDTH)
        decoder.projection.bias = np.zeros(words, np.float32)
        decoder.projection.bias[names.index("<|endoftext|>")] = 6.0
        for layer in decoder.layer:
            self._attention(layer.self_attention, (3, 1))
            self._attention(layer.attention, (1, 2, 1))
            self._feed(layer.ffn)

    def _fill_encoder(self, encoder: whisper_spec.WhisperEncoderSpec) -> None:
        for convolution, width in ((encoder.conv1, MELS), (encoder.conv2, WIDTH)):
            convolution.weight = self._some(WIDTH, width, 3)
            convolution.bias = self._some(WIDTH)
        encoder.position_encodings.encodings = self._some(1500, WIDTH)
        self._norm(encoder.layer_norm)
        for layer in encoder.layer:
            self._attention(layer.self_attention, (3, 1))
            self._feed(layer.ffn)

    def _attention(self, attention, widths: tuple[int, ...]) -> None:
        self._norm(attention.layer_norm)
        for linear, times in zip(attention.linear, widths, strict=True):
            linear.weight = self._some(times * WIDTH, WIDTH)
            linear.bias = self._some(times * WIDTH)

    def _feed(self, feed) -> None:
        self._norm(feed.layer_norm)
        feed.linear_0.weight, feed.linear_0.bias = self._some(64, WIDTH), self._some(64)
        feed.linear_1.weight, feed.linear_1.bias = self._some(WIDTH, 64), self._some(WIDTH)

    def _norm(self, norm) -> None:
        norm.gamma, norm.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def _some(self, *shape: int) -> np.ndarray:
        return self._random.normal(0, 0.3, shape).astype(np.float32)
