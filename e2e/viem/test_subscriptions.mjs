// New blocks and a contract's events arrive over a WebSocket without polling.

import assert from "node:assert/strict";
import { abi, account, add, deploy, first, subscriber } from "./setup.mjs";

const client = subscriber();
const address = await deploy();

const block = await first("block", 20, (onBlock, onError) => client.watchBlocks({ onBlock, onError }));
assert.ok(block.number > 0n);

const event = first("event", 20, (found, onError) => {
  client.watchContractEvent({ address, abi, eventName: "Added", onLogs: ([log]) => found(log), onError });
});
// A subscription is under way when the server has answered a later request on the same connection.
await client.getBlockNumber();
const receipt = await add(address, 9n);
const log = await event;
assert.equal(log.transactionHash, receipt.transactionHash);
assert.deepEqual(log.args, { who: account.address, amount: 9n, total: 9n });

process.exit(0);
