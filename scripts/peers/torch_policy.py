"""PyTorch and transformers as a peer of the bench: sampling by `generate`, an update by autograd and AdamW, matrix products.

The same shapes and the same work as rlev's: sampled at temperature 1 from the whole distribution, no padding; an update is
forward, backward, clipping of the global norm and AdamW over prompt and response. `tune` tries the ordinary settings and
keeps the fastest.
"""

import contextlib
import time

from line_protocol import serve

import torch
import transformers
from transformers import LogitsProcessor, LogitsProcessorList, Qwen2Config, Qwen2ForCausalLM

transformers.logging.set_verbosity_error()
torch.manual_seed(0)


class PlannedEnd(LogitsProcessor):
    """Ends each row at its planned length and nowhere else. The decoding of the batch goes on until its last row has ended."""

    def __init__(self, lengths, prompt_tokens, limit, end):
        position = torch.arange(limit)[None, :]
        length = torch.tensor(lengths)[:, None]
        last = (position == length - 1) & (length < limit)
        self.forced = torch.where(last, torch.tensor(1e9), torch.tensor(float("-inf")))
        self.prompt_tokens = prompt_tokens
        self.end = end

    def __call__(self, ids, scores):
        scores[:, self.end] = self.forced[: scores.shape[0], ids.shape[1] - self.prompt_tokens]
        return scores


class TorchPolicy:
    def __init__(self, request):
        size = request["size"]
        self.size = size
        self.lengths = request["lengths"]
        self.rows = size["prompts"] * size["samples"]
        # As in rlev's character tokenizer: padding and end are the last two ids.
        self.end = size["vocabulary"] - 1
        self.pad = size["vocabulary"] - 2
        config = Qwen2Config(
            hidden_size=size["width"],
            num_hidden_layers=size["layers"],
            num_attention_heads=size["heads"],
            num_key_value_heads=size["keyValueHeads"],
            intermediate_size=size["mlpWidth"],
            vocab_size=size["vocabulary"],
            max_position_embeddings=2048,
            tie_word_embeddings=size["tied"],
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=self.pad,
        )
        self.model = Qwen2ForCausalLM(config)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-6, fused=True)
        prompts = torch.tensor(request["prompts"])
        self.prompts = prompts.repeat_interleave(size["samples"], dim=0)
        self.ones = torch.ones_like(self.prompts)
        responses = torch.randint(0, self.pad, (self.rows, size["completionTokens"]))
        self.sequences = torch.cat([self.prompts, responses], dim=1)
        self.advantages = torch.randn(self.rows, 1)
        self.sampling = {"attention": "sdpa", "cache": "dynamic", "rows": self.rows}
        self.updating = {"attention": "sdpa", "microBatch": self.rows}
        self.narrow = request["settings"].get("matrices") == "bfloat16"

    def precision(self):
        """In which matrices are multiplied."""
        return torch.autocast("cpu", dtype=torch.bfloat16) if self.narrow else contextlib.nullcontext()

    def sample(self, setting, lengths):
        limit = self.size["completionTokens"]
        self.model.eval()
        self.model.set_attn_implementation(setting["attention"])
        sampled = 0
        began = time.perf_counter()
        with torch.inference_mode(), self.precision():
            for first in range(0, self.rows, setting["rows"]):
                part = slice(first, first + setting["rows"])
                options = {"min_new_tokens": limit} if lengths is None else {}
                if lengths is not None:
                    processor = PlannedEnd(lengths[part], self.size["promptTokens"], limit, self.end)
                    options = {"eos_token_id": self.end, "logits_processor": LogitsProcessorList([processor])}
                if setting["cache"] == "static":
                    options["cache_implementation"] = "static"
                tokens = self.model.generate(
                    self.prompts[part],
                    attention_mask=self.ones[part],
                    max_new_tokens=limit,
                    do_sample=True,
                    temperature=1.0,
                    top_k=0,
                    top_p=1.0,
                    pad_token_id=self.pad,
                    **options,
                )
                response = tokens[:, self.size["promptTokens"] :]
                sampled += self.counted(response, None if lengths is None else lengths[part])
        return {"seconds": time.perf_counter() - began, "tokens": sampled}

    def counted(self, response, lengths):
        """Tokens of the responses; an error where a row did not end where it should."""
        if lengths is None:
            if response.shape[1] != self.size["completionTokens"]:
                raise ValueError(f"responses of {response.shape[1]} tokens")
            return response.numel()
        ended = response == self.end
        first = torch.where(ended.any(1), ended.int().argmax(1) + 1, response.shape[1])
        if first.tolist() != list(lengths):
            raise ValueError("a response did not end at its planned length")
        return int(first.sum())

    def update(self, setting):
        limit = self.size["completionTokens"]
        self.model.train()
        self.model.set_attn_implementation(setting["attention"])
        began = time.perf_counter()
        for first in range(0, self.rows, setting["microBatch"]):
            part = slice(first, first + setting["microBatch"])
            sequences = self.sequences[part]
            # Logits on the response tokens only, and on the one before them.
            with self.precision():
                logits = self.model(sequences, logits_to_keep=limit + 1, use_cache=False).logits[:, :-1]
            targets = sequences[:, -limit:, None]
            log_probs = torch.log_softmax(logits.float(), dim=-1).gather(-1, targets).squeeze(-1)
            loss = -(log_probs * self.advantages[part]).sum() / self.rows
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {"seconds": time.perf_counter() - began, "tokens": self.sequences.numel()}

    def fastest(self, settings, run):
        """The setting of the least time, each tried three times, the first of them not counted."""
        best = None
        for setting in settings:
            run(setting)
            seconds = min(run(setting)["seconds"] for _ in range(2))
            if best is None or seconds < best[0]:
                best = (seconds, setting)
        return best[1]

    def tune(self, measure):
        halves = sorted({self.rows, self.rows // 2, self.rows // 4}, reverse=True)
        if measure == "generate":
            settings = [
                {"attention": attention, "cache": cache, "rows": self.rows}
                for attention in ("sdpa", "eager")
                for cache in ("dynamic", "static")
            ]
            self.sampling = self.fastest(settings, lambda setting: self.sample(setting, None))
            return {"settings": self.sampling}
        if measure == "unequal":
            settings = [{**self.sampling, "rows": rows} for rows in halves]
            self.unequal = self.fastest(settings, lambda setting: self.sample(setting, self.lengths))
            return {"settings": self.unequal}
        if measure == "update":
            settings = [
                {"attention": attention, "microBatch": rows} for attention in ("sdpa", "eager") for rows in halves
            ]
            self.updating = self.fastest(settings, self.update)
            return {"settings": self.updating}
        return {}

    def measure(self, measure):
        if measure == "generate":
            return self.sample(self.sampling, None)
        if measure == "unequal":
            return self.sample(getattr(self, "unequal", self.sampling), self.lengths)
        if measure == "update":
            return self.update(self.updating)
        if measure == "peak":
            return {"peak": machine_peaks()}
        raise ValueError(f"no measure {measure}")


def fastest_call(call):
    """Seconds of the fastest call within a quarter of a second, the first one not counted."""
    call()
    best, until = float("inf"), time.perf_counter() + 0.25
    while True:
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
        if time.perf_counter() >= until:
            return best


def machine_peaks():
    """GFLOP/s of matrix products by their side, and GB/s of reading from memory: a sum over 256 MiB."""

    def products(dtype):
        speeds = {}
        for side in (512, 1024, 2048):
            a, b = torch.randn(side, side).to(dtype), torch.randn(side, side).to(dtype)
            speeds[str(side)] = 2 * side**3 / fastest_call(lambda: torch.mm(a, b)) / 1e9
        return speeds

    numbers = torch.ones(2**26)
    return {
        "float32": products(torch.float32),
        "bfloat16": products(torch.bfloat16),
        "memory": 4 * numbers.numel() / fastest_call(lambda: numbers.sum()) / 1e9,
    }


class Peer:
    policy = None

    def __call__(self, request):
        if request["do"] == "open":
            threads = request["settings"].get("threads")
            if threads is not None:
                torch.set_num_threads(int(threads))
            self.policy = TorchPolicy(request)
            versions = {"torch": torch.__version__, "transformers": transformers.__version__}
            return {"versions": versions, "settings": {"threads": torch.get_num_threads()}}
        if request["do"] == "tune":
            return self.policy.tune(request["measure"])
        return self.policy.measure(request["do"])


serve(Peer())
