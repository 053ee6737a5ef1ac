// RocksDB's point locks: those of a pessimistic transaction, over a database in
// memory. Nothing is ever written.

#include <cstdint>
#include <memory>
#include <rocksdb/env.h>
#include <rocksdb/utilities/transaction.h>
#include <rocksdb/utilities/transaction_db.h>

namespace {
struct Database {
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::TransactionDB> db;
};
} // namespace

extern "C" {

Database *shim_rocksdb_open() {
  auto database = std::make_unique<Database>();
  database->env.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  rocksdb::Options options;
  options.env = database->env.get();
  options.create_if_missing = true;
  rocksdb::TransactionDB *db = nullptr;
  if (!rocksdb::TransactionDB::Open(options, rocksdb::TransactionDBOptions(), "/bench", &db).ok())
    return nullptr;
  database->db.reset(db);
  return database.release();
}

void shim_rocksdb_close(Database *database) { delete database; }

rocksdb::Transaction *shim_rocksdb_session(Database *database) {
  rocksdb::TransactionOptions options;
  options.lock_timeout = -1;
  return database->db->BeginTransaction(rocksdb::WriteOptions(), options);
}

void shim_rocksdb_session_free(rocksdb::Transaction *transaction) { delete transaction; }

// Without a place for the value it only locks.
int shim_rocksdb_lock(rocksdb::Transaction *transaction, const char *key, size_t length) {
  return transaction
                 ->GetForUpdate(rocksdb::ReadOptions(), rocksdb::Slice(key, length),
                                static_cast<std::string *>(nullptr))
                 .ok()
             ? 0
             : 1;
}

// Unlocks everything the transaction has locked.
int shim_rocksdb_unlock(rocksdb::Transaction *transaction) {
  return transaction->Rollback().ok() ? 0 : 1;
}
}
