import { COMMON, type Command } from './command.ts'

/** Models. */
export const MODELS: Readonly<Record<string, Command>> = {
  'model list': {
    usage: '',
    describe:
      'Models that are here, and recipes of published ones: what --model takes, their size, precisions, and the least cosines that are known for them',
    options: [...COMMON],
    examples: ['model list', 'model list --json'],
    load: () => import('../commands/list-models.ts'),
  },
  'model pull': {
    usage: '<model>',
    describe:
      "Download a model before it is needed, or go on where that broke off: by a recipe's name or hf:owner/name@revision from Hugging Face (or HF_ENDPOINT), or by a campaign's CID from its members",
    options: ['precision', 'peer', 'offline', 'local', ...COMMON],
    examples: [
      'model pull openai-vit-b-32',
      'model pull openai-vit-b-32 --precision quantized',
      'model pull hf:Xenova/clip-vit-base-patch16@main',
      'model pull bafyrei… --peer /ip4/192.0.2.7/tcp/4631/p2p/12D3KooW…',
    ],
    load: () => import('../commands/pull-model.ts'),
  },
  'model import': {
    usage: '<dir>',
    describe:
      "Copy a model to where the node's models are, once it has been opened. Laid out as Optimum's exports are (onnx/vision_model.onnx, onnx/text_model.onnx) or open_clip's (visual/model.onnx, textual/model.onnx)",
    options: ['name', ...COMMON],
    examples: ['model import ~/clip', 'model import ~/clip --name my-clip'],
    load: () => import('../commands/import-model.ts'),
  },
  'model check': {
    usage: '[model]',
    describe:
      "Open a model and run its golden pairs; compare its files with the published hashes, its crops with Pillow's and its tokens with its publisher's. Ends with 1 where something is off",
    options: ['precision', 'device', 'threads', ...COMMON],
    examples: ['model check', 'model check openai-vit-b-32 --precision fp16', 'model check ~/clip'],
    load: () => import('../commands/check-model.ts'),
  },
  'model remove': {
    usage: '<model>',
    describe: 'Take a model off the disk, whole or begun. A campaign that needs it gets it again',
    options: [...COMMON],
    examples: ['model remove openai-vit-b-32'],
    load: () => import('../commands/remove-model.ts'),
  },
}
