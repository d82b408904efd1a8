// A contract is deployed, called, read now and in the past, and its logs are found.

import assert from "node:assert/strict";
import { abi, account, add, deploy, reader } from "./setup.mjs";

const address = await deploy();
assert.ok(address);
const receipts = [await add(address, 5n), await add(address, 6n)];
for (const receipt of receipts) assert.equal(receipt.status, "success");

const read = (functionName, options) => reader.readContract({ address, abi, functionName, ...options });
assert.equal(await read("total"), 11n);
assert.equal(await read("added", { args: [account.address] }), 11n);
assert.equal(await read("total", { blockNumber: receipts[0].blockNumber }), 5n);

const logs = await reader.getContractEvents({ address, abi, eventName: "Added", fromBlock: 0n });
assert.deepEqual(logs.map((log) => [log.args.amount, log.args.total]), [[5n, 5n], [6n, 11n]]);
assert.ok(logs.every((log) => log.args.who === account.address));
assert.deepEqual(logs.map((log) => log.transactionHash), receipts.map((receipt) => receipt.transactionHash));

const block = await reader.getBlock({ blockHash: receipts[1].blockHash, includeTransactions: true });
assert.ok(block.transactions.some((transaction) => transaction.hash === receipts[1].transactionHash));
