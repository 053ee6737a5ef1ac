//! The README's examples for Rust are programs that run.

mod readme {
    include!("../../examples/readme/readme.rs");

    #[test]
    fn the_example_of_the_readme_runs() {
        main().expect("it runs");
    }
}

mod transaction {
    include!("../../examples/readme/readme-transaction.rs");

    #[test]
    fn the_example_of_a_transaction_runs() {
        main().expect("it runs");
    }
}

mod more {
    include!("../../examples/readme/readme-more.rs");

    #[test]
    fn the_example_with_owners_runs() {
        main().expect("it runs");
    }
}
