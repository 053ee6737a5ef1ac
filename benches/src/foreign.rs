//! Contenders in C and C++: libraries that `foreign/build.sh` puts beside this program.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::NonNull;

/// As in `foreign/foreign.h`.
#[repr(C)]
pub struct Case {
    name: *const c_char,
    open: extern "C" fn() -> *mut c_void,
    run: extern "C" fn(*mut c_void, u64),
    close: extern "C" fn(*mut c_void),
}

/// A fresh instance of what a case measures.
pub struct Opened {
    case: &'static Case,
    state: NonNull<c_void>,
}

// SAFETY: the libraries promise that `run` may be called on any thread.
unsafe impl Send for Opened {}
// SAFETY: likewise on several at once, of the cases that are run so.
unsafe impl Sync for Opened {}

impl Case {
    /// As the tables call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        // SAFETY: a literal in a library that stays loaded.
        let name = unsafe { CStr::from_ptr(self.name) };
        name.to_str().expect("names are ASCII")
    }

    /// A fresh instance.
    #[must_use]
    pub fn open(&'static self) -> Opened {
        let state = NonNull::new((self.open)()).expect("promised in foreign.h");
        Opened { case: self, state }
    }
}

impl Opened {
    /// Does it so many times.
    #[inline]
    pub fn run(&self, times: u64) {
        (self.case.run)(self.state.as_ptr(), times);
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        (self.case.close)(self.state.as_ptr());
    }
}

/// The cases of a library, if it was built: `calls` is `libforeign-calls.so`.
#[must_use]
pub fn cases(library: &str) -> Option<&'static [Case]> {
    let program = std::env::current_exe().ok()?;
    let file = program.with_file_name(format!("libforeign-{library}.so"));
    if !file.exists() {
        eprintln!("{} is left out: it is not there", file.display());
        return None;
    }
    let path = CString::new(file.to_str()?).ok()?;
    let mut count = 0;
    // SAFETY: our own library, which has this function and is never unloaded; what it
    // gives is valid for as long as that.
    let cases = unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
        assert!(!handle.is_null(), "{:?}", CStr::from_ptr(libc::dlerror()));
        let function = libc::dlsym(handle, c"foreign_cases".as_ptr());
        assert!(!function.is_null(), "{library} has no cases");
        let function: extern "C" fn(*mut usize) -> *const Case = std::mem::transmute(function);
        let first = function(&raw mut count);
        std::slice::from_raw_parts(first, count)
    };
    Some(cases)
}

/// The case of this name, for programs that do nothing else.
#[must_use]
pub fn case(library: &str, name: &str) -> Option<&'static Case> {
    cases(library)?.iter().find(|case| case.name() == name)
}
