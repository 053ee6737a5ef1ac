//! Gives the shared library its soname. The number is the ABI version: it
//! changes when a released function or struct changes its binary shape.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,liboarlock.so.0");
            // dlclose leaves it mapped: its threads, and what they do when they
            // end, must not lose their code.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
        Ok("macos") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/liboarlock.0.dylib");
        }
        _ => {}
    }
}
