// Does what is named by the lowest member of a set move with it, where groups of a toy change their names?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from '../../model/explore/explore.js';
import { Asymmetric } from '../../model/explore/symmetry.js';
import { addAll, reduce, speller } from './reduced.js';
import { type ToySize, toyOf } from './toy.js';

/** A test for a toy of that size, whose groups can be renamed in so many ways. */
export function testToy(size: ToySize, renamings: number): void {
  test(`sets of ${size.groups} groups that are named by their lowest member move to their new lowest member`, () => {
    const toy = toyOf(size);
    const { spell, canon } = speller(toy);
    const full = new Set<string>();
    const all = explore(toy, {}, { inspect: each => addAll(each, full, spell) });
    const reduced = new Set<string>();
    const found = explore(toy, {}, { symmetry: true, inspect: each => addAll(each, reduced, spell) });
    assert.equal(canon.size, renamings);
    assert.equal(found.states, reduced.size);
    assert.deepEqual([...reduced].sort(), [...full].sort());
    assert.ok(found.states * renamings < all.states, `${all.states} states, ${found.states} up to symmetry`);
    const { set: _, ...sorts } = toy.symmetry!.sorts;
    const plain = { sorts: { ...sorts, set: { rows: ['sets'] } }, refers: toy.symmetry!.refers! };
    assert.throws(() => reduce({ ...toy, symmetry: plain }), Asymmetric, 'a set is not any position');
  });
}
