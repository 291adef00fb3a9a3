"""TRL's GRPOTrainer as a peer of the bench: whole steps (rollout, reward, update), one each time the bench asks for one.

The trainer's loop runs throughout; a callback holds it at the beginning of each step until a request comes, and answers at
the step's end. Between the two lie generation, the reward function, the loss, its gradient and the optimizer's step.
"""

import os
import tempfile
import time

from line_protocol import answer, fail_with_answer, requests

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"

import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

torch.manual_seed(0)


def word_tokenizer(vocabulary):
    """Words w0, w1, ..., then padding and end as the last two ids."""
    words = {f"w{index}": index for index in range(vocabulary - 2)}
    words.update({"<pad>": vocabulary - 2, "<eos>": vocabulary - 1})
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="w0")


def reward(completions, **_):
    """What rlev's side of the bench gives: the sum of the text's code points, modulo 1009."""
    return [sum(map(ord, text)) % 1009 / 1009 for text in completions]


TRIALS = [
    {"attention": attention, "cache": cache} for attention in ("sdpa", "eager") for cache in ("dynamic", "static")
]


class StepOnRequest(TrainerCallback):
    """Holds the loop for a request: `step` is one step; `tune` is three of each setting, of which the fastest is kept."""

    def __init__(self, incoming, tokens):
        self.incoming = incoming
        self.tokens = tokens
        self.trainer = None
        self.began = 0.0
        # Settings whose steps are still to be made, and the least seconds of those made.
        self.waiting = []
        self.tried = []

    def choose(self, setting):
        self.trainer.model.set_attn_implementation(setting["attention"])
        self.trainer.generation_config.cache_implementation = "static" if setting["cache"] == "static" else None

    def on_step_begin(self, args, state, control, **_):
        if not self.waiting:
            request = next(self.incoming, None)
            if request is None:
                os._exit(0)
            if request["do"] == "tune":
                self.waiting = [(setting, repeat) for setting in TRIALS for repeat in range(3)]
                self.tried = []
            elif request["do"] != "step":
                raise ValueError(f"no measure {request['do']}")
        if self.waiting:
            self.choose(self.waiting[0][0])
        self.began = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        seconds = time.perf_counter() - self.began
        if not self.waiting:
            answer({"seconds": seconds, "tokens": self.tokens})
            return
        setting, repeat = self.waiting.pop(0)
        if repeat > 0:
            self.tried.append((seconds, setting))
        if not self.waiting:
            best = min(self.tried, key=lambda trial: trial[0])[1]
            self.choose(best)
            answer({"settings": best})


def main():
    incoming = requests()
    request = next(incoming, None)
    if request is None:
        return
    size, settings = request["size"], request["settings"]
    if "threads" in settings:
        torch.set_num_threads(int(settings["threads"]))
    rows = size["prompts"] * size["samples"]
    micro_batch = int(settings.get("microBatch", rows))
    vocabulary = size["vocabulary"]
    model = Qwen2ForCausalLM(
        Qwen2Config(
            hidden_size=size["width"],
            num_hidden_layers=size["layers"],
            num_attention_heads=size["heads"],
            num_key_value_heads=size["keyValueHeads"],
            intermediate_size=size["mlpWidth"],
            vocab_size=vocabulary,
            max_position_embeddings=2048,
            tie_word_embeddings=size["tied"],
            bos_token_id=None,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 2,
        )
    )
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(0, vocabulary - 2, (256, size["promptTokens"]), generator=generator).tolist()
    prompts = Dataset.from_list([{"prompt": " ".join(f"w{word}" for word in row)} for row in drawn])
    tokens = rows * (size["promptTokens"] + size["completionTokens"])
    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=micro_batch,
            gradient_accumulation_steps=rows // micro_batch,
            num_generations=size["samples"],
            max_completion_length=size["completionTokens"],
            # The end is never drawn: every response has the same length.
            generation_kwargs={"min_new_tokens": size["completionTokens"]},
            max_steps=100_000,
            learning_rate=1e-6,
            max_grad_norm=1.0,
            temperature=1.0,
            beta=0.0,
            gradient_checkpointing=False,
            bf16=settings.get("matrices") == "bfloat16",
            use_cpu=True,
            optim="adamw_torch_fused",
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        callback = StepOnRequest(incoming, tokens)
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=reward,
            args=config,
            train_dataset=prompts,
            processing_class=word_tokenizer(vocabulary),
            callbacks=[callback],
        )
        callback.trainer = trainer
        versions = {"trl": trl.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
        answer({"versions": versions, "settings": {"threads": torch.get_num_threads(), "microBatch": micro_batch}})
        trainer.train()


fail_with_answer(main)
