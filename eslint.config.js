import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.castline/', 'web/', 'bench/', 'scripts/', 'bin/', '*.js', '**/*.cjs', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Modules hold their instances through constructor injection; a method reference is bound where it is taken.
      '@typescript-eslint/unbound-method': 'off',
      // Numbers in messages are wanted; anything else is not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `void x` ends a promise or a value on purpose.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  { files: ['test/**/*.ts', '**/*.spec.ts'], rules: {
      // Answers of the API are looked into as they come.
      '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-unsafe-call': 'off', '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/restrict-plus-operands': 'off', '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    } },
);
