// Node does not know that *.localhost is this machine (RFC 6761, 6.3); browsers and curl do.
const dns = require('dns');

dns.lookup = (host, options, done) => {
  const answer = typeof options === 'function' ? options : done;
  if (options && options.all) answer(null, [{ address: '127.0.0.1', family: 4 }]);
  else answer(null, '127.0.0.1', 4);
};
