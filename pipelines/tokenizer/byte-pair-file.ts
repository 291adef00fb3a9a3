/** Content of a tokenizer.json for byte-pair encoding, in Hugging Face form. The order of the keys is that of the file. */

export interface BytePairParts {
  addedTokens: readonly object[]
  normalizer: object | null
  preTokenizer: object | null
  postProcessor: object | null
  decoder: object
  /** Whether a word that is a token is taken whole. */
  ignoreMerges: boolean
  /** Ids by token. */
  vocabulary: Readonly<Record<string, number>>
  merges: readonly (readonly string[])[]
}

export function bytePairFile(parts: BytePairParts): Record<string, unknown> {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: parts.addedTokens,
    normalizer: parts.normalizer,
    pre_tokenizer: parts.preTokenizer,
    post_processor: parts.postProcessor,
    decoder: parts.decoder,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: parts.ignoreMerges,
      vocab: parts.vocabulary,
      merges: parts.merges,
    },
  }
}

/** A token that is matched as it is written, before anything is split. */
export function addedToken({ id, content, special }: { id: number; content: string; special: boolean }): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }
}
