//! Sets the linker flags that a Node module needs on each system.

fn main() {
    napi_build::setup();
}
