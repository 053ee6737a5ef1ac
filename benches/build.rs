//! Builds the shims of the peers that come from the system, where their headers
//! are installed. `has_bdb` and `has_rocksdb` say which were found.

use std::path::Path;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(has_bdb)");
    println!("cargo:rustc-check-cfg=cfg(has_rocksdb)");
    println!("cargo:rerun-if-changed=shim");
    println!("cargo:rerun-if-env-changed=OARLOCK_BENCH_WITHOUT");
    let without = std::env::var("OARLOCK_BENCH_WITHOUT").unwrap_or_default();
    let wanted = |name: &str, header: &str| {
        println!("cargo:rerun-if-changed={header}");
        !without.split(',').any(|left_out| left_out == name) && Path::new(header).exists()
    };
    if wanted("bdb", "/usr/include/db.h") {
        cc::Build::new()
            .file("shim/bdb.c")
            .opt_level(3)
            .compile("shim_bdb");
        println!("cargo:rustc-link-lib=dylib=db-5.3");
        println!("cargo:rustc-cfg=has_bdb");
    }
    if wanted("rocksdb", "/usr/include/rocksdb/db.h") {
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .file("shim/rocksdb.cc")
            .opt_level(3)
            // The library is built without run-time type information.
            .flag("-fno-rtti")
            .compile("shim_rocksdb");
        println!("cargo:rustc-link-lib=dylib=rocksdb");
        println!("cargo:rustc-cfg=has_rocksdb");
    }
}
