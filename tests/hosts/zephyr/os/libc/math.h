/* A header that fulfils includes, and no more. */
