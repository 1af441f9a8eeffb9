#!/usr/bin/env python3
"""README.md (model card) and SHA256SUMS from eval.json.   python model_card.py"""

import hashlib
import json
import os

O = 'out'
M = O + '/shoal-mini'
e = json.load(open(O + '/eval.json'))
ic = json.load(open('run/data/icons.json'))
a1 = json.load(open('run/a1.json'))
tk = json.load(open('out/tokencheck.json'))
rec = open(os.path.join(os.path.dirname(__file__), 'recipe.txt')).read().strip()
f, s, u, seen, t = (
    e['flickr8k_heldout_300'],
    e['icons_unseen_style'],
    e['icons_unseen_name'],
    e['icons_seen'],
    e['thresholds'],
)
d = lambda x: f'{x["p5"]:.2f} / {x["p50"]:.2f} / {x["p95"]:.2f}'
acc = lambda x: (
    f'{x["balanced_accuracy"]} % at {x["threshold"]} (keeps {x["matched_kept"]} % matched, {x["mismatched_kept"]} % mismatched)'
)
sz = {
    p: os.path.getsize(f'{M}/{p}')
    for p in ('onnx/vision_model.onnx', 'onnx/text_model.onnx', 'tokenizer.json')
}
lic = '\n'.join(
    f'| @iconify-json/{k} | {v["version"]} | {v.get("author") or ""} | {v["spdx"]} | {sum(i["set"] == k for i in ic["items"] if i["split"] == "train")} |'
    for k, v in ic['licences'].items()
)
kinds = lambda x: '\n'.join(
    f'| {k} | {v["n"]} | {v["r1"]} | {v["r5"]} | {v["matched_p50"]:.2f} | {v["auc"]} |'
    for k, v in x['by_kind'].items()
)
sp = e.get('speed_one_core_ms', {})
open(M + '/README.md', 'w').write(f"""# shoal-mini

A very small CLIP-style dual encoder (2.04 M image + 2.53 M text parameters, {sum(sz.values()) / 1e6:.1f} MB with its tokenizer) trained from
random initialisation in about 45 minutes on two CPU cores. It exists so that a fresh machine without internet can run the real
image/alt-text filtering pipeline end to end.

**For demos and tests. It is not CLIP: it is much weaker, it knows only the domains below, and its thresholds do not
transfer to CLIP (nor CLIP's 0.28/0.30 to it). Do not filter a real data set with it.**

| file | what | bytes |
| --- | --- | --- |
| onnx/vision_model.onnx | `pixel_values` float32 [batch,3,224,224] (CLIP mean/std) -> `image_embeds` [batch,{e.get('dim', 256)}], L2-normalised; averages to 112 px inside | {sz['onnx/vision_model.onnx']:,} |
| onnx/text_model.onnx | `input_ids`, `attention_mask` int64 [batch,seq <= 77] -> `text_embeds` [batch,256], L2-normalised | {sz['onnx/text_model.onnx']:,} |
| tokenizer.json | own byte-level BPE, 8,192 entries, lower-cased; `<|startoftext|>` 1, `<|endoftext|>` 2, `<|pad|>` 0 | {sz['tokenizer.json']:,} |

Weights are stored as int8 per output channel and expanded to fp32 by constant folding at load (stored vs fp32: cosine > 0.999); the arithmetic is fp32.
Truncate to 77 tokens (keep the last one `<|endoftext|>`); pad with 0 and mask 0. Cosine = dot product of the outputs.

## Recommended threshold

Cosine **>= {t['recommended_both_val']}** (chosen on validation pictures of both domains, then applied to test; photos alone {t['photos_val']}, icons alone {t['icons_val']}).

## Evaluation

onnxruntime-node + sharp + @huggingface/tokenizers ({e['runtime']}), int8-stored files as shipped. Thresholds come from other splits.
Balanced accuracy = mean of (matched kept, mismatched dropped); 50 % is chance.

| | Flickr8k held-out 300 | pictograms, unseen style ({s['n']}) | pictograms, unseen name ({u['n']}) | pictograms seen in training, new background ({seen['n']}) |
| --- | --- | --- | --- | --- |
| R@1 / R@5 | text->image {f['t2i']['r1']} / {f['t2i']['r5']} % of 300 | {s['r1']} / {s['r5']} % of {e['icons_concepts']} names | {u['r1']} / {u['r5']} % of {e['icons_concepts']}; {u['r1_among_unseen']} / {u['r5_among_unseen']} % of the 300 | {seen['r1']} / {seen['r5']} % of {e['icons_concepts']} |
| matched cosine p5/p50/p95 | {d(f['matched'])} | {d(s['matched'])} | {d(u['matched'])} | {d(seen['matched'])} |
| mismatched p5/p50/p95 | {d(f['mismatched'])} | {d(s['mismatched'])} | {d(u['mismatched'])} | {d(seen['mismatched'])} |
| AUC matched vs mismatched | {f['auc']} | {s['auc']} | {u['auc']} | {seen['auc']} |
| domain's own threshold | {acc(f['own_threshold'])} | {acc(s['own_threshold'])} | {acc(u['own_threshold'])} | |
| recommended threshold | {acc(f['recommended'])} | {acc(s['recommended'])} | {acc(u['recommended'])} | {acc(seen['recommended'])} |

Chance for R@1 is 0.33 % (photos) and 0.02 % (pictograms). For comparison the teacher A1 (ImageNet-pretrained MobileNetV2 backbone, 15 MB) has text->image
R@1 {a1['t2i_r1']} %, R@5 {a1['t2i_r5']} %, AUC {a1['auc']} on the same 300 photos.

Unseen style, by kind (a drawing family of a known concept that was kept out; noto + noto-v1 and fluent + fluent-flat count as one family):

| kind | n | R@1 | R@5 | matched p50 | AUC |
| --- | --- | --- | --- | --- | --- |
{kinds(s)}

Unseen name, by kind (no icon with this name in training, nor in the tokenizer's corpus):

| kind | n | R@1 | R@5 | matched p50 | AUC |
| --- | --- | --- | --- | --- | --- |
{kinds(u)}

By background (unseen style): {'; '.join(f'{k} R@1 {v['r1']} %, AUC {v['auc']}' for k, v in s['by_background'].items())}.
Across domains (photo with an icon's name, icon with a photo's caption) {e['cross_domain']['kept_at_recommended']} % are kept at the recommended threshold.
Held-out flowers ({e['flowers_heldout']['n']}): {e['flowers_heldout']['zero_shot_top1_of_5']} % top-1 of 5 species names (chance 20 %).

Speed, one core, median ms: {', '.join(f'{k.replace('_', ' ')} {v}' for k, v in sp.items())}.

Tokenizer parity (@huggingface/tokenizers JS vs Python tokenizers, {tk['ours']['n']} captions incl. unicode and emoji): {len(tk['ours']['mismatches'])} mismatch(es){'; ' + '; '.join(repr(m['text']) for m in tk['ours']['mismatches']) if tk['ours']['mismatches'] else ''} (the Greek final sigma: JavaScript lower-cases by context, Rust per character).

## Limits

- Photos: trained on 7,486 Flickr8k photos (people, dogs, sport, outdoors). Anything else photographic - products, food, screenshots, text in pictures, art - is out of domain. Even in domain it ranks far below its teacher; mismatched photo captions about similar scenes still score high.
- Mismatches are random captions here. A near-miss caption (right scene, wrong detail) is mostly not caught.
- A name it has not seen (a new logo above all) is close to unrecognised; composition (left/right, counts, negation) is not learnt.
- English only. It was trained on at most 24 tokens; later positions share one neutral vector. It cannot read text in pictures and is no NSFW, person or safety detector.
- The concept table has near-duplicates (e.g. "person running" / "man running", logos that are the same file-type), which lowers R@1.
- "Unseen style" is kind to flags (the sets draw the same flag, only its outline differs) and to sets that imitate each other; emoji is the fairest row. Weather icons come from one set and so have no unseen style.
- Flickr8k's people and captions carry that set's biases.

## Data and licences

| package | version | author | licence | training icons |
| --- | --- | --- | --- | --- |
{lic}
| cldr-annotations-full | 48.2.0 | Unicode | Unicode-3.0 | keywords |

Share-alike sets (emojione-v1, openmoji) were left out. CC-BY-4.0 art: Twemoji (Twitter and contributors), EmojiOne 2 (Emoji One). Logos and flags remain their owners' marks; the icon files were used only to learn from and are not contained in the model.
Photos: Flickr8k (Hodosh, Young, Hockenmaier 2013; 8,086 photos at 224 px, 600 of them held out: 300 test, 300 validation). Its photos belong to their Flickr authors and the set is distributed for research; the photos and captions are not redistributed here. tf_flowers (CC BY 2.0, Flickr authors), 90 % of it.
Teacher A1: this project's earlier dual encoder (image tower = Coral's MobileNetV2, Apache-2.0, pretrained on ImageNet). Only its outputs on the training photos, training captions and ImageNet class phrases were used as targets; no weight was copied or used as initialisation.

## Training recipe

{rec}

Image tower: average-pool to 112 px, 6x6 stride-4 stem, ConvNeXt-like blocks (depthwise 3x3 + BN, 1x1 x3, GELU, 1x1, layer scale) with widths 48/128/256 and depths 2/2/3, 1x1 to 512, mean, linear to 256. Text tower: 2 pre-norm transformer layers, width 192, 4 heads, learned masked pooling, linear to 256.
Losses: multi-positive InfoNCE + 0.3 x sigmoid (SigLIP) loss + distillation (2 x image embedding cosine, 1 x backbone feature, 1 x text embedding cosine; teacher space reduced to 256-d by SVD) + icon classifier (dropped at export). AdamW, cosine, EMA weights, bf16 autocast.
""")
out = []
for r, _, fs in os.walk(M):
    for x in fs:
        if x != 'SHA256SUMS':
            p = os.path.join(r, x)
            out.append(hashlib.sha256(open(p, 'rb').read()).hexdigest() + '  ' + os.path.relpath(p, M))
open(M + '/SHA256SUMS', 'w').write('\n'.join(sorted(out, key=lambda l: l[66:])) + '\n')
print(open(M + '/SHA256SUMS').read())
