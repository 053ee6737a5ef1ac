// Which names are the same, and which are not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Manager } from '../index.mjs';

/** Whether two paths (lists of segments or text) are one and the same resource. */
function same(a, b) {
  const manager = new Manager();
  const guard = manager.tryAcquire({ write: [a] });
  const other = manager.tryAcquire({ write: [b] });
  guard.release();
  other?.release();
  return other === null;
}

test('text is split at slashes, a list is taken as it is', () => {
  assert.ok(same('a/b', ['a', 'b']));
  assert.ok(!same('a/b', ['a/b']));
  assert.ok(same('', []));
  assert.ok(!same(['a', ''], ['a', 'b']));
  assert.ok(!same(['', 'a'], ['a']));
  assert.ok(!same(['a\0'], ['a\0b']));
});

test('the root covers everything, the empty segment does not', () => {
  assert.ok(same([], ['x']));
  assert.ok(!same([''], ['x']));
});

test('a list in a mode is a list of paths', () => {
  const manager = new Manager();
  const guard = manager.tryAcquire({ write: ['a/b', ['x', 'y']], read: [['r']] });
  assert.equal(manager.tryAcquire({ write: [['a', 'b']] }), null);
  assert.equal(manager.tryAcquire({ write: 'x/y' }), null);
  assert.equal(manager.tryAcquire({ write: 'r' }), null);
  manager.tryAcquire({ read: 'r', write: ['a/c', 'x/z'] }).release();
  guard.release();
});

test('an entry is beside what is below its path, and under what covers the path', () => {
  const manager = new Manager();
  const free = (claims) => {
    const guard = manager.tryAcquire(claims);
    guard?.release();
    return guard !== null;
  };
  for (const writeEntry of ['a/b', [['a', 'b']], [['a', Buffer.from('b')]]]) {
    const guard = manager.tryAcquire({ writeEntry });
    assert.ok(free({ write: ['a/b/c', ['a', 'b', '']], writeEntry: ['a', '', 'a/b/c'] }));
    for (const path of ['a/b', 'a', '']) assert.ok(!free({ read: path }), path);
    assert.ok(!free({ readEntry: 'a/b' }));
    guard.release();
  }
  const names = manager.tryAcquire({ readEntry: ['', 'a'] });
  assert.ok(free({ read: '', readEntry: 'a', write: 'a/b' }));
  assert.ok(!free({ writeEntry: 'a' }) && !free({ write: '' }));
  names.release();
  const all = manager.tryAcquire({ writeEntry: 'a', write: 'a', readEntry: 'b', read: 'b' });
  assert.ok(!free({ readEntry: 'a' }) && free({ readEntry: 'b' }));
  all.release();
});

test('bytes and text of the same bytes are one name', () => {
  assert.ok(same([Buffer.from('é')], 'é'));
  assert.ok(same([new TextEncoder().encode('🚣')], '🚣'));
  assert.ok(!same([Buffer.from([0xff])], [Buffer.from([0xfe])]));
  assert.ok(!same([Buffer.from('a/b')], 'a/b'));
  const part = new Uint8Array([1, 65, 66, 2]).subarray(1, 3);
  assert.ok(same([part], 'AB'), 'only the bytes of the view');
  assert.ok(same([runInNewContext('new Uint8Array([65])')], 'A'), 'of another context');
  const sharedBytes = new Uint8Array(new SharedArrayBuffer(1));
  assert.ok(same([sharedBytes], ['\0']));
});

test('surrogates that lack their partner keep names apart', () => {
  const high = '\ud83d';
  const low = '\udea3';
  const names = [high, low, '\ud83e', '\ufffd', '?', low + high, high + low, high + 'x', 'x' + low, high + high];
  for (const a of names) {
    for (const b of names) {
      assert.equal(same([a], [b]), a === b, `${escape(a)} ${escape(b)}`);
      assert.equal(same(`p/${a}`, `p/${b}`), a === b, `${escape(a)} ${escape(b)}`);
    }
  }
  assert.ok(same(high + low, '🚣'), 'a pair is a character');
  assert.ok(same([`${high}x`], [Buffer.from([0xed, 0xa0, 0xbd, 0x78])]), 'in WTF-8');
  assert.ok(same([high + high], [Buffer.from([0xed, 0xa0, 0xbd, 0xed, 0xa0, 0xbd])]));
  assert.ok(same([high + low], [Buffer.from('🚣')]));
});

test('every unit is encoded as UTF-8 would', () => {
  for (const text of ['\0', '\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}']) {
    assert.ok(same([text], [Buffer.from(text, 'utf8')]), escape(text));
  }
});

test('long names and many claims do not fit the frame and work all the same', async () => {
  const manager = new Manager();
  for (const length of [1300, 1400, 4000, 4096, 5000, 65_536]) {
    const name = 'n'.repeat(length);
    assert.ok(same([name], [Buffer.from(name)]), `${length}`);
    assert.ok(!same([name], [name.slice(1)]));
  }
  const paths = Array.from({ length: 4096 }, (_, i) => `folder/${i}`);
  const guard = await manager.acquire({ write: paths });
  assert.equal(manager.tryAcquire({ read: 'folder/4095' }), null);
  const next = manager.acquire({ write: paths });
  guard.release();
  (await next).release();
});

test('a path of a thousand segments', () => {
  const manager = new Manager();
  const deep = Array.from({ length: 1000 }, (_, i) => `${i}`);
  const guard = manager.tryAcquire({ write: [deep] });
  assert.equal(manager.tryAcquire({ write: deep.join('/') }), null);
  assert.equal(manager.tryAcquire({ read: '0/1/2' }), null);
  guard.release();
});
