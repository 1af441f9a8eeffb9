/** The product token this software crawls as. A rule or directive bound to it is bound to us. */
export const OWN_TOKEN = 'shoal'

/**
 * Product tokens of crawlers that gather for training. Whoever refuses one of them refuses this use,
 * whichever name it goes by; so a rule bound to one of them binds us too. Version 1: add, never remove.
 */
export const AI_TOKENS: readonly string[] = [
  'CCBot',
  'img2dataset',
  'LAIONDownloader',
  'laion-huggingface-processor',
  'GPTBot',
  'Google-Extended',
  'Applebot-Extended',
  'ClaudeBot',
  'anthropic-ai',
  'Bytespider',
  'meta-externalagent',
]
