// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// Counts what everyone adds: the smallest contract with state, an event, a view and typed errors.
contract Tally {
    /// The largest amount that one call may add.
    uint256 public constant AMOUNT_MAX = 1000;

    /// The sum of all amounts.
    uint256 public total;

    /// The sum of amounts by sender.
    mapping(address => uint256) public added;

    /// `who` added `amount`, and the sum is now `total`.
    event Added(address indexed who, uint256 amount, uint256 total);

    /// `amount` is more than `max`.
    error Tally_TooMuch(uint256 amount, uint256 max);

    /// Adds `amount` to the sum.
    function add(uint256 amount) external {
        if (amount > AMOUNT_MAX) revert Tally_TooMuch(amount, AMOUNT_MAX);
        total += amount;
        added[msg.sender] += amount;
        emit Added(msg.sender, amount, total);
    }
}
