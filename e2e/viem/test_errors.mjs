// What the chain refuses is told in a form that viem understands.

import assert from "node:assert/strict";
import { ContractFunctionRevertedError, InsufficientFundsError, NonceTooLowError } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { abi, account, add, deploy, reader, writer } from "./setup.mjs";

const cause = (error, type) => error.walk((inner) => inner instanceof type);
const to = "0x4444444444444444444444444444444444444444";

const address = await deploy();
const simulated = reader.simulateContract({ account, address, abi, functionName: "add", args: [1001n] });
await assert.rejects(simulated, (error) => {
  const revert = cause(error, ContractFunctionRevertedError);
  assert.equal(revert?.data?.errorName, "Tally_TooMuch");
  assert.deepEqual(revert.data.args, [1001n, 1000n]);
  return true;
});

// With a gas limit of its own nothing is simulated: the transaction is mined, and its receipt says that it failed.
const hash = await writer.writeContract({ address, abi, functionName: "add", args: [1001n], gas: 100_000n });
const receipt = await reader.waitForTransactionReceipt({ hash });
assert.equal(receipt.status, "reverted");
assert.equal((await add(address, 1n)).status, "success");

const poor = privateKeyToAccount(generatePrivateKey());
const unpaid = writer.sendTransaction({ account: poor, to, value: 1n });
await assert.rejects(unpaid, (error) => Boolean(cause(error, InsufficientFundsError)));

const again = writer.sendTransaction({ to, value: 1n, nonce: 0, gas: 21_000n });
await assert.rejects(again, (error) => Boolean(cause(error, NonceTooLowError)));
