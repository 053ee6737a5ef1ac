import { Manager } from 'oarlock';

const locks = new Manager();
// Both accounts or none; whoever reads or writes above or below them waits.
const transfer = await locks.acquire({ write: ['accounts/1', 'accounts/2'], read: 'rates' });
console.log(locks.tryAcquire({ read: 'accounts' })); // null: the transfer goes on
const audit = locks.acquire({ read: 'accounts' }, { timeout: 1000 });
transfer.release();
const guard = await audit; // or, where the language has it: using guard = await audit;
console.log(`audit with token ${guard.token}`);
guard.release();
