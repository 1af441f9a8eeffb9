/**
 * Every key prefix of the node's database, in one place, so that two parts never share one.
 * A prefix that has been written to disk is never renamed or given another meaning without a migration.
 * Numbers inside keys are big-endian (`orderedKey`), so that iteration follows the order of the source.
 */
export const PREFIXES = {
  /** 16 bytes, md5(url + text) → who met the pair first */
  seen: 'seen',
  /** run id → state of the run of one segment */
  runs: 'runs',
  /** run id, page → what is known of a page that is in work */
  pages: 'pages',
  /** run id, md5(url) → where the segment's own archive holds that image */
  archived: 'archived',
  /** run id, page, index → what became of one candidate */
  outcomes: 'outcomes',
  /** head of the sha256 of an address → what a site answered about opting out, see node/images/consent */
  sites: 'sites',
  /** run id, md5 of an image's address → `withheld` or `quarantined`: how rows with it are masked */
  masked: 'masked',
  /** sha256 of an image's address, as a removal has it → nothing: it has led to what a blocklist names */
  withheld: 'withheld',
  /** CID of a shard's manifest → envelope of its shard record */
  shards: 'shards',
  /** manifest of a shard, its producer's key → envelope of this node's own verdict on it: it must never make another */
  audits: 'audits',
  /** a producer's key → dag-cbor `{ seq, id }` of its latest shard record, where the next one is chained on */
  heads: 'heads',
  /** CID of a campaign's envelope → the envelope */
  campaigns: 'campaigns',
  /** CID of a campaign's envelope → dag-cbor: where this machine alone has its segments, see node/daemon/own-campaigns */
  own: 'own',
  /** CID of a signed release → its envelope, which is a block as well: releases made here, or fetched */
  releases: 'releases',
  /** id of a removal that names no campaign → its envelope: what an earlier version has kept, see node/removals */
  removals: 'removals',
  /** id of a campaign that this node takes no part in, id of a removal or a head of it → its envelope */
  notices: 'notices',
  /** id of a campaign, id of an attestation of it → its envelope */
  attestations: 'attestations',
  /** name of a request for removal that this node took → what was asked for, see node/requests */
  requests: 'requests',
  /** id of a removal, or name of a request, that this node as a custodian has refused → when */
  reviews: 'reviews',
  /** CID of a shard's file, id of a campaign → dag-cbor: whether rows of it are hidden there, see node/denied */
  looked: 'looked',
  /** CID of a DAG's root → dag-cbor `{ why, since, bytes }`: why it is kept, where nothing else says so */
  pins: 'pins',
  /** libp2p's own: peers and their addresses, records of the DHT; its keys are texts */
  network: 'network',
  /** number → id of a campaign whose records this node keeps */
  joined: 'joined',
  /** sha256 of an envelope → the envelope of a claim or a shard */
  records: 'records',
  /** number → a page of the ledger's memory: fixed fields of 64 records, see node/ledger/rows.ts */
  rows: 'rows',
  /** number → key of a peer that a record is of */
  peers: 'peers',
  /** number of a campaign, number of a peer → when it was last active there, 8 bytes */
  members: 'members',
  /** number of a span, place in its ring → numbers: how the node got on in one step of time, see node/history */
  history: 'history',
  /** of the database itself: its schema version */
  meta: 'meta',
} as const
