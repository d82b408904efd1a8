// Compiles one Solidity file and prints `{ abi, bytecode }` of the contract with the file's name.
//
// Usage: node compile.mjs Tally.sol

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import solc from "solc";

const path = process.argv[2];
const file = basename(path);
const name = basename(path, ".sol");
const input = {
  language: "Solidity",
  sources: { [file]: { content: readFileSync(path, "utf8") } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { [file]: { [name]: ["abi", "evm.bytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const problem of output.errors ?? []) console.error(problem.formattedMessage);
const contract = output.contracts?.[file]?.[name];
if (!contract) process.exit(1);
console.log(JSON.stringify({ abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` }));
