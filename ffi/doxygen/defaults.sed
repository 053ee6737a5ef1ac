# What need not be said in the C++ headers, doxygen is told here: members that the
# compiler makes, and constructors that are those of the base.
s|^( *[^/]*\) *(noexcept)? *= default;)$|\1  ///< As the compiler makes it.|
s|^( *[^/]*\) *(noexcept)? *= delete;)$|\1  ///< Not possible.|
s|^ *using ([a-z_]+)::\1;$||
