-- Everything that dumps get wrong.
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
CREATE TABLE plain (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL DEFAULT 'a;b') AUTO_INCREMENT = 500;
INSERT INTO plain VALUES (0, 'zero'), (7, 'quo\'te "s" \\ back`tick; -- # /* no comment */ \n line \r tab\t nul\0 ctrl\Z 😀 DELIMITER ;;'), (3, '');
CREATE TABLE every_type (
  id BIGINT NOT NULL PRIMARY KEY,
  tiny TINYINT(1), small SMALLINT UNSIGNED ZEROFILL, large BIGINT UNSIGNED, exact DECIMAL(65, 30), single FLOAT, twice DOUBLE, years YEAR,
  zero_date DATE NOT NULL DEFAULT '0000-00-00', zero_time DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', exact_time DATETIME(6), stamp TIMESTAMP(3) NULL DEFAULT NULL, clock TIME(2),
  one_bit BIT(1), bits BIT(64), bytes BINARY(8), var_bytes VARBINARY(300), photo LONGBLOB, empty_photo BLOB NOT NULL,
  choice ENUM('a', 'it''s', ''), several SET('x', 'y', 'z'), document JSON, shape POINT, place GEOMETRY,
  latin VARCHAR(100) CHARACTER SET latin1, emoji LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, network INET6, number UUID,
  doubled DECIMAL(40, 2) AS (tiny * 2) VIRTUAL, shouted VARCHAR(100) AS (UPPER(latin)) STORED, hidden INT INVISIBLE DEFAULT 5,
  `select``;'" x` INT DEFAULT 1, KEY (latin), SPATIAL_NOT INT COMMENT 'semi; colon -- and ''quotes'''
) COMMENT = 'a ; comment';
INSERT INTO every_type (id, tiny, small, large, exact, single, twice, years, exact_time, stamp, clock, one_bit, bits, bytes, var_bytes, photo, empty_photo, choice, several, document, shape, place, latin, emoji, network, number, hidden)
VALUES (1, -1, 7, 18446744073709551615, -12345678901234567890123456789012345.000000000000000000000000000001, 16777217.25, 1.7976931348623157e308, 0,
  '2024-02-29 23:59:59.999999', '2024-03-31 02:30:00.123', '-838:59:59', b'1', b'1111111111111111111111111111111111111111111111111111111111111111',
  0x0001, 0x00270A0D5C1AFF, 0xFFFE00275C22, '', 'it''s', 'x,z', '{"a": "b\\"; é"}', POINT(1.5, -2), ST_GeomFromText('LINESTRING(0 0, 1 1)'), 'café €', '日本 👩‍👩‍👧', '::1', '123e4567-e89b-12d3-a456-426655440000', 9);
INSERT INTO every_type (id, empty_photo, single, twice, one_bit, bits) VALUES (-5, 0x41, 0.1, 0.1, b'0', b'0'), (2, '', -3.4028234e38, -2.2250738585072014e-308, NULL, 0x41);
CREATE TABLE no_key (a INT, b TEXT);
INSERT INTO no_key VALUES (2, 'first'), (1, 'second'), (2, 'first'), (NULL, NULL);
CREATE TABLE unique_only (a INT NOT NULL, b VARCHAR(20), UNIQUE KEY (b, a)) ENGINE = MyISAM;
INSERT INTO unique_only VALUES (3, 'c'), (1, 'a'), (2, NULL);
CREATE TABLE nothing_in_it (a INT);
CREATE TABLE only_generated (a INT AS (1) STORED);
INSERT INTO only_generated () VALUES (), ();
CREATE TABLE `123` (`order` INT PRIMARY KEY);
INSERT INTO `123` VALUES (1);
CREATE TABLE `odd ``name;'` (`a``b` INT PRIMARY KEY);
INSERT INTO `odd ``name;'` VALUES (1);
CREATE TABLE a_child (id INT PRIMARY KEY, parent INT, elder INT UNSIGNED, KEY (parent), CONSTRAINT loop_key FOREIGN KEY (parent) REFERENCES a_child (id), CONSTRAINT up FOREIGN KEY (elder) REFERENCES plain (id) ON DELETE CASCADE);
SET foreign_key_checks = 0;
INSERT INTO a_child VALUES (1, 2, 7), (2, 1, 7), (3, 99, 12345);
SET foreign_key_checks = 1;
CREATE TABLE parted (id INT PRIMARY KEY, a INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parted VALUES (50, 1), (5, 2);
CREATE SEQUENCE tickets START WITH 100 INCREMENT BY 5 NOCACHE;
DO NEXTVAL(tickets);
DELIMITER //
CREATE FUNCTION doubled(x INT) RETURNS INT DETERMINISTIC COMMENT 'it''s; fine' BEGIN /* a ; comment */ RETURN x * 2; END//
CREATE PROCEDURE does_much(IN x INT, OUT y TEXT) MODIFIES SQL DATA SQL SECURITY INVOKER BEGIN DECLARE i INT DEFAULT 0; -- it's ; a comment
  WHILE i < x DO SET i = i + 1; END WHILE; SET y = 'é;; 😀'; END//
CREATE TRIGGER before_plain BEFORE INSERT ON plain FOR EACH ROW BEGIN SET NEW.name = CONCAT(NEW.name, ';'); END//
CREATE TRIGGER a_second BEFORE INSERT ON plain FOR EACH ROW FOLLOWS before_plain SET NEW.name = CONCAT(NEW.name, '2')//
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'//
CREATE TRIGGER after_plain AFTER UPDATE ON plain FOR EACH ROW SET @x = '\'//
SET sql_mode = ''//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'it''s' DO BEGIN DELETE FROM no_key; END//
DELIMITER ;
CREATE VIEW z_base AS SELECT id, name, doubled(id) AS twice FROM plain;
CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW a_view AS SELECT id, `name` AS `the ``name` FROM z_base WHERE id > 0;
CREATE VIEW m_view (first, second) AS SELECT a.id, 'é;' FROM a_view a JOIN z_base b USING (id);
CREATE VIEW checked AS SELECT id, name FROM plain WHERE id > 0 WITH LOCAL CHECK OPTION;
