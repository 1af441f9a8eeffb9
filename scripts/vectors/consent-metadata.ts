export const refused = (...signals: string[]) => ({ refused: true, signals })
export const free = (...signals: string[]) => ({ refused: false, signals })

/** Of pictures' own metadata. What is expected is written by hand. */
export function metadataCases(): unknown[] {
  return [...xmpCases(), ...assertionCases()]
}

const PLUS = 'http://ns.useplus.org/ldf/xmp/1.0/'
const VOCABULARY = 'http://ns.useplus.org/ldf/vocab/'
const rdf = (inside: string) =>
  `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:p="${PLUS}" xmlns:r="http://ns.adobe.com/xap/1.0/rights/" ${inside}</rdf:Description></rdf:RDF>`

function xmpCases(): unknown[] {
  const one = (packet: string, output: ReturnType<typeof free>, name = packet) => ({
    comment: `xmp ${name}`,
    ...{ rule: 'xmp', input: packet, output },
  })
  const values = [
    ...['DMI-PROHIBITED', 'DMI-PROHIBITED-AIMLTRAINING', 'DMI-PROHIBITED-GENAIMLTRAINING'],
    ...['DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING', 'DMI-PROHIBITED-SEECONSTRAINT'],
    ...['DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR', 'DMI-PROHIBITED-SEELINKEDRIGHTSEXPR'],
  ]
  const element = (value: string) => rdf(`><p:DataMining>${value}</p:DataMining>`)
  return [
    ...values.map((value) => one(element(VOCABULARY + value), refused(`xmp: ${value}`), value)),
    ...['DMI-ALLOWED', 'DMI-UNSPECIFIED'].map((value) =>
      one(element(VOCABULARY + value), free(`xmp: ${value}`), value),
    ),
    one(element(' dmi-prohibited '), refused('xmp: DMI-PROHIBITED'), 'bare, in small letters'),
    one(
      rdf(`p:DataMining="${VOCABULARY}DMI-PROHIBITED">`),
      refused('xmp: DMI-PROHIBITED'),
      'as an attribute',
    ),
    one(
      rdf(`><p:DataMining rdf:resource="${VOCABULARY}DMI-PROHIBITED"/>`),
      refused('xmp: DMI-PROHIBITED'),
      'as a resource',
    ),
    one(
      rdf(
        `><p:DataMining><rdf:Bag><rdf:li>DMI-ALLOWED</rdf:li><rdf:li>DMI-PROHIBITED</rdf:li></rdf:Bag></p:DataMining>`,
      ),
      refused('xmp: DMI-ALLOWED', 'xmp: DMI-PROHIBITED'),
      'in a list',
    ),
    one(
      rdf(`xmlns:q="urn:other"><q:DataMining>DMI-PROHIBITED</q:DataMining>`),
      free(),
      'a property of another namespace',
    ),
    one(
      rdf('><r:WebStatement>https://a.example/licence</r:WebStatement>'),
      free('xmp: WebStatement https://a.example/licence'),
      'a licence is recorded',
    ),
    one('<p:DataMining>DMI-PROHIBITED-AIMLTRAINING', refused('xmp: DMI-PROHIBITED-AIMLTRAINING'), 'no XML'),
    one('DataMining, WebStatement', free(), 'no XML, and no value'),
    one('', free(), 'nothing'),
  ]
}

function assertionCases(): unknown[] {
  const one = (comment: string, input: unknown, output: ReturnType<typeof free>) => ({
    comment: `training-mining: ${comment}`,
    ...{ rule: 'training-mining', input, output },
  })
  const entries = (said: Record<string, string>) => ({
    entries: Object.fromEntries(Object.entries(said).map(([key, use]) => [key, { use }])),
  })
  return [
    ...['data_mining', 'ai_inference', 'ai_generative_training', 'ai_training'].map((name) =>
      one(name, entries({ [`cawg.${name}`]: 'notAllowed' }), refused(`c2pa: ${name} notAllowed`)),
    ),
    one(
      'the older name',
      entries({ 'c2pa.ai_training': 'notAllowed' }),
      refused('c2pa: ai_training notAllowed'),
    ),
    one(
      'constrained',
      entries({ 'cawg.ai_training': 'constrained' }),
      refused('c2pa: ai_training constrained'),
    ),
    one('allowed', entries({ 'cawg.ai_training': 'allowed' }), free('c2pa: ai_training allowed')),
    one(
      'one of two',
      entries({ 'cawg.ai_training': 'allowed', 'cawg.data_mining': 'notAllowed' }),
      refused('c2pa: ai_training allowed', 'c2pa: data_mining notAllowed'),
    ),
    one('an entry nobody knows', entries({ 'cawg.ai_cooking': 'notAllowed' }), free()),
    one('a use that is no text', { entries: { 'cawg.ai_training': { use: 1 } } }, free()),
    one('no entries', { entries: null }, free()),
    one('nothing', null, free()),
  ]
}
