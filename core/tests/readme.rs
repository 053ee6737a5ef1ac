//! The README's example for Rust is a program that runs.

mod readme {
    include!("../../examples/readme/readme.rs");

    #[test]
    fn the_example_of_the_readme_runs() {
        main().expect("it runs");
    }
}
