"""Logits of a base model with an adapter that rlev or a server exported, as PEFT computes them:

    python scripts/peers/peft_logits.py BASE ADAPTER > logits.json      # in a Python with torch, transformers and peft
    node scripts/launch.mjs studies/print-peft-logits BASE ADAPTER logits.json

BASE and ADAPTER are folders. The prompts are drawn from the vocabulary; the logits are those after the last token of each.
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

base, adapter = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation='eager')
torch.manual_seed(1)
prompts = [torch.randint(3, model.config.vocab_size, (length,)).tolist() for length in (1, 4, 9, 30)]


def logits(model):
    with torch.no_grad():
        return [model(torch.tensor([prompt])).logits[0, -1] for prompt in prompts]


without = logits(model)
model = PeftModel.from_pretrained(model, adapter).eval()
found = logits(model)
# An adapter that PEFT left out would change nothing.
effect = max(float((a - b).abs().max()) for a, b in zip(found, without))
json.dump({'prompts': prompts, 'logits': [row.tolist() for row in found], 'effect': effect}, sys.stdout)
