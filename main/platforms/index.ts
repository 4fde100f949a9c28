/** How each kind of site is recognised and read: recipes, and a module where words are not enough. */
export { Component, ComponentKind, databaseInWords, Inventory, Requirements } from './inventory.ts';
export type { Elsewhere, Moved, Network, StoredNetwork, TableRules, Whereabouts } from './elsewhere.ts';
export { Installation } from './installation.ts';
export { loadRecipe, loadRecipes, Recipe, type LoadedRecipe, type RecipeStepName } from './recipe.ts';
export type {
  ComponentPlace,
  DatabaseAccess,
  KnownDatabase,
  Platform,
  PlatformModule,
  Reading,
  ReadOptions,
  UpdaterLocks,
} from './platform.ts';
export { openPlatforms, type Platforms } from './platforms.ts';
export { runRecipeStep, stepScript, type StepInput } from './run-step.ts';
