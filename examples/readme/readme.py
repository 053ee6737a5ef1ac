import asyncio
import oarlock

manager = oarlock.Manager()
with manager.write("accounts/1", "accounts/2") as transfer:  # both or neither
    print(transfer.token, manager.read("accounts").acquire(blocking=False))  # 1 False
async def report() -> None:
    async with manager.read("accounts", timeout=1.5):  # oarlock.Timeout after that
        print("nobody writes anything below accounts now")
asyncio.run(report())
