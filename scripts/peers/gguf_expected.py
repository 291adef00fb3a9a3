"""What `transformers` computes on a GGUF file that it reads itself, beside the folder that `rlev import` made of the same file:

    bin/rlev import FILE.gguf FOLDER
    python scripts/peers/gguf_expected.py FILE.gguf FOLDER     # in a Python with torch, transformers, accelerate and gguf
    RLEV_FIXTURES=FOLDER node --test --test-name-pattern "^$(basename FOLDER):" dist/test/pipelines/model/parity.test.js

Writes FOLDER/expected.json: ids of chat messages, all logits after each prompt, among them one of about a thousand tokens, greedy
tokens, and one update. The file is dequantized by the Python package `gguf`, and its rows are put in order by transformers, so nothing
here has gone through the import.
"""
import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(here, '..', '..', 'test', 'fixtures'))

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from expected import expected

path, folder = sys.argv[1:]
source = {'pretrained_model_name_or_path': os.path.dirname(os.path.abspath(path)), 'gguf_file': os.path.basename(path)}
tokenizer = AutoTokenizer.from_pretrained(**source)
model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32, attn_implementation='eager')
# The row of the padding token gets no gradient from where it is read, although prompts have it: SmolLM2 pads by <|im_end|>. Here every
# token is trained.
model.get_input_embeddings().padding_idx = None

user = lambda content: {'role': 'user', 'content': content}
conversations = [
    [user('What is 2 plus 3?')],
    [
        {'role': 'system', 'content': 'Answer with a number alone.'},
        user('A shop has 128 apples and sells 57.\n\nHow many are left?'),
        {'role': 'assistant', 'content': '71'},
        user('And if it sells 3,046 more?'),
    ],
    [user("Naïve café, 数学 100: don't  count\tthe   spaces… x² ≠ 12.5%!")],
]
long = [user(' '.join(f'Item {n}: {n} plus {n * n % 97} is {n + n * n % 97}.' for n in range(1, 46)) + ' Repeat item 7.')]


def ids(messages):
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return tokenizer(text, add_special_tokens=False).input_ids


prompts = [ids(messages) for messages in conversations[:2]]
golden = {
    'encode': [{'messages': messages} for messages in conversations + [long]],
    'forward': [{'ids': ids(messages)} for messages in conversations + [long]],
    'policy_gradient': {
        'prompts': prompts,
        'completions': [tokenizer(text, add_special_tokens=False).input_ids for text in ['The answer is 5.', '68']],
        'advantages': [0.75, -0.5],
    },
}
found = expected(model, tokenizer, golden)
with open(os.path.join(folder, 'expected.json'), 'w') as file:
    json.dump(found, file)
lengths = [len(one['ids']) for one in found['forward']]
print(f'{os.path.join(folder, "expected.json")}: prompts of {", ".join(map(str, lengths))} tokens')
