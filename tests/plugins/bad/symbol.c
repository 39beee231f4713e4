/* A shared object like any other: it does not export what a plugin does. */
int sdag_plugin_got(void);
int sdag_plugin_got(void) { return 7; }
