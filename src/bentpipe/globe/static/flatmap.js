export class FlatMap {}
