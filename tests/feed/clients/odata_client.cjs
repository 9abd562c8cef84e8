// @odata/client reads a feed with Basic authentication: a filter, an order, a row, a count.
const { OData } = require('@odata/client');

const { FEED_ROOT, FEED_USER, FEED_TOKEN } = process.env;

async function main() {
  const client = OData.New4({
    serviceEndpoint: FEED_ROOT,
    credential: { username: FEED_USER, password: FEED_TOKEN },
  });
  const lines = client.getEntitySet('JournalLines');
  const debit = client.newFilter().property('Side').eq('D');
  const sorted = client.newOptions().filter(debit).orderby('Amount', 'desc').top(3).count(true);
  const found = await client.newRequest({ collection: 'JournalLines', params: sorted });
  const journal = await client.getEntitySet('Journals').retrieve(1, client.newOptions().expand('Lines'));
  console.log(JSON.stringify({
    count: found['@odata.count'],
    ids: found.value.map((line) => line.Id),
    debits: await lines.count(debit),
    kind: journal.Kind,
    lines: journal.Lines.length,
    one: (await lines.find({ Id: '1-1' })).map((line) => line.Nr),
  }));
}

main().catch((error) => { console.error(error); process.exit(1); });
