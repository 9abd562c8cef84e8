// o.js reads a feed: rows, a row, an expansion, and the words of a refusal. It follows no next
// links by itself, so the first page is all that it sees of a long table.
const { o } = require('odata');

const { FEED_ROOT, FEED_USER, FEED_TOKEN } = process.env;

async function main() {
  const sent = Buffer.from(`${FEED_USER}:${FEED_TOKEN}`).toString('base64');
  const feed = (headers) => o(FEED_ROOT, {
    headers: { Accept: 'application/json', Authorization: `Basic ${sent}`, ...headers },
  });
  const query = { $filter: "Side eq 'D' and Amount gt 0", $orderby: 'Amount desc', $select: 'Id', $top: 3 };
  const page = await (await feed({ Prefer: 'odata.maxpagesize=10' }).get('Receipts').fetch()).json();
  let refused;
  try {
    await feed().get('Receipts').query({ $filter: 'Nothing eq 1' });
  } catch (answer) {
    refused = { status: answer.status, said: (await answer.json()).error.message };
  }
  console.log(JSON.stringify({
    ids: (await feed().get('JournalLines').query(query)).map((line) => line.Id),
    journal: (await feed().get('Journals(1)').query({ $expand: 'Lines($select=Nr)' })).Lines.length,
    page: page.value.length,
    more: page['@odata.nextLink'],
    refused,
  }));
}

main().catch((error) => { console.error(error); process.exit(1); });
